/** What a supervisor, a proxy and an operator ask of a server. No token needed, and no rate counted. */
import type { Env, Hono } from 'hono';
import { protocolVersion } from '../../contract/codes.ts';
import { version } from '../version.ts';
import { refuseOtherMethods } from './methods.ts';
import type { Readiness } from './readiness.ts';

type Answer = { status: 200 | 503; body: object };

/**
 * `/livez`: the process answers; it depends on nothing, since a restart mends nothing else. `/readyz`: send work here;
 * with `?verbose` why not. `/version`: what runs.
 */
export function serveHealth<Environment extends Env>(app: Hono<Environment>, readiness: Readiness): void {
  serve('/livez', async () => ({ status: 200, body: { live: true } }));
  serve('/readyz', async isVerbose => {
    const checks = await readiness.checks();
    const ready = Object.values(checks).every(isFine => isFine);
    return { status: ready ? 200 : 503, body: { ready, ...(isVerbose && { checks }) } };
  });
  serve('/version', async () => ({
    status: 200,
    body: { version, protocol: protocolVersion, node: process.versions.node },
  }));

  function serve(path: string, answer: (isVerbose: boolean) => Promise<Answer>): void {
    app.get(path, async context => {
      const { status, body } = await answer(context.req.query('verbose') !== undefined);
      return context.json(body, status);
    });
    refuseOtherMethods(app, path, ['GET']);
  }
}
