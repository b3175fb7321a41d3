/** The contract for machines, where they look for it. */
import type { Env, Hono } from 'hono';
import { asyncApiDocument } from '../../contract/asyncapi.ts';
import { openApiDocument } from '../../contract/openapi.ts';
import { refuseOtherMethods } from './methods.ts';

/** Answers with both documents; each is made once, when it is first asked for. */
export function serveDocuments<Environment extends Env>(app: Hono<Environment>): void {
  for (const [path, make] of [
    ['/openapi.json', openApiDocument],
    ['/asyncapi.json', asyncApiDocument],
  ] as const) {
    let text: string | undefined;
    app.get(path, context => {
      text ??= JSON.stringify(make());
      return context.body(text, 200, { 'Content-Type': 'application/json', 'Cache-Control': 'no-cache' });
    });
    refuseOtherMethods(app, path, ['GET']);
  }
}
