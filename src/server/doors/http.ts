/** The HTTP door: requests in, operations performed, answers and problems out. No chat rules. */
import type { HttpBindings } from '@hono/node-server';
import { type Context, Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { cors } from 'hono/cors';
import { requestId } from 'hono/request-id';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { z } from 'zod';
import { limits } from '../../contract/limits.ts';
import { type HttpRoute, type OperationName, operations } from '../../contract/operations.ts';
import { OperationError } from '../errors.ts';
import type { Logger } from '../log.ts';
import type { Metrics } from '../metrics.ts';
import type { Authenticate } from '../operations/authenticate.ts';
import type { Caller, Stranger } from '../operations/caller.ts';
import type { Dispatch } from '../operations/dispatch.ts';
import { countedAddress, type IsTrustedProxy } from './address.ts';
import { bearerToken } from './bearer.ts';
import { serveDocuments } from './documents.ts';
import { socketPath } from './handshake.ts';
import { guard } from './headers.ts';
import { serveHealth } from './health.ts';
import { refuseOtherMethods } from './methods.ts';
import { nowherePage, servePage } from './page.ts';
import type { PageFiles } from './page-files.ts';
import type { Patience } from './patience.ts';
import { oneAfterTheOther } from './pipeline.ts';
import { problemResponse } from './problem.ts';
import type { Readiness } from './readiness.ts';
import { withRefreshCookie } from './refresh-cookie.ts';

type Parts = {
  dispatch: Dispatch;
  authenticate: Authenticate;
  origins: readonly string[];
  isTrustedProxy: IsTrustedProxy;
  readiness: Readiness;
  pageFiles: PageFiles;
  patience: Pick<Patience, 'answerMs'>;
  metrics: Metrics;
  log: Logger;
};
/** `route`: what a request is counted as; unset where there is nothing at its address. */
type Environment = {
  Bindings: HttpBindings;
  Variables: { requestId: string; route?: string; userId?: string };
};

export function createHttpDoor(parts: Parts): Hono<Environment> {
  const { dispatch, authenticate, origins, isTrustedProxy, readiness, pageFiles, patience, metrics, log } =
    parts;
  const app = new Hono<Environment>();

  app.use(oneAfterTheOther(patience.answerMs));
  app.use(requestId());
  app.use(guard());
  app.use(async (context, next) => {
    const startedAt = performance.now();
    await next();
    countAnswer(context, performance.now() - startedAt);
    // The path alone: a query string may hold what doesn't belong into a log.
    const { method, path } = context.req;
    const { requestId, userId } = context.var;
    log.debug({ requestId, userId, method, path, status: context.res.status }, 'request');
  });
  if (origins.length > 0) app.use(cors({ origin: [...origins] }));
  app.use(
    bodyLimit({
      maxSize: limits.maxBodyBytes,
      onError: context => problem(context, new OperationError('too_large')),
    }),
  );

  servePage(app, pageFiles);

  const routes = Object.entries(operations).flatMap(([name, { http }]) =>
    http === undefined
      ? []
      : [{ name: name as OperationName, http, numbers: numericFields(name as OperationName) }],
  );
  for (const { name, http, numbers } of routes) {
    app.on(http.method, honoPath(http), async context => {
      context.set('route', name);
      const caller = operations[name].caller === 'anyone' ? strangerOf(context) : await callerOf(context);
      const input = await readInput(context, numbers);
      const { output, setCookie } = await withRefreshCookie(
        context.env.incoming,
        isTrustedProxy,
        name,
        input,
        given => dispatch(name, given, caller),
      );
      if (setCookie !== undefined) context.header('Set-Cookie', setCookie);
      return http.status === 204 ? context.body(null, 204) : context.json(output as object, http.status);
    });
  }
  for (const [path, there] of Map.groupBy(routes, ({ http }) => honoPath(http))) {
    refuseOtherMethods(
      app,
      path,
      there.map(({ http }) => http.method),
    );
  }
  for (const path of fixedPaths) {
    app.use(path, (context, next) => {
      context.set('route', path.slice(1));
      return next();
    });
  }
  serveDocuments(app);
  serveHealth(app, readiness);
  app.all(socketPath, async context => {
    await callerOf(context);
    throw new OperationError('upgrade_required');
  });

  app.notFound(
    context => nowherePage(context) ?? problem(context, new OperationError('not_found', 'no such address')),
  );
  app.onError((error, context) => {
    if (error instanceof OperationError) return problem(context, error);
    // Node's word for a client that went away in the middle of its body.
    if (error.message === 'aborted') {
      return problem(context, new OperationError('bad_request', 'the body did not arrive whole'));
    }
    log.error({ err: error, requestId: context.get('requestId') }, 'a request failed');
    return problem(context, new OperationError('internal'));
  });
  return app;

  function countAnswer({ req, res, var: { route = 'none' } }: Context<Environment>, tookMs: number): void {
    const labels = { method: req.method, route, status: String(res.status) };
    metrics.httpRequests.inc(labels);
    metrics.httpSeconds.observe(labels, tookMs / 1000);
  }

  function strangerOf({ env, var: { requestId } }: Context<Environment>): Stranger {
    return { address: countedAddress(env.incoming, isTrustedProxy), requestId };
  }

  async function callerOf(context: Context<Environment>): Promise<Caller> {
    const { user, login } = await authenticate(bearerToken(context.req.header('Authorization')));
    context.set('userId', user.id);
    return { user, login, ...strangerOf(context) };
  }
}

/** Addresses that aren't operations, and are counted by their name. */
const fixedPaths = ['/openapi.json', '/asyncapi.json', '/livez', '/readyz', '/version', socketPath];

const honoPath = (http: HttpRoute) => http.path.replaceAll(/\{(\w+)\}/g, ':$1');

/** Path, query and body together are the input. Spreading, unlike assigning, gives `__proto__` no meaning. */
async function readInput(context: Context, numbers: ReadonlySet<string>): Promise<object> {
  const query = Object.entries(context.req.query()).map(
    ([name, value]) => [name, numbers.has(name) ? numberOf(value) : value] as const,
  );
  return { ...Object.fromEntries(query), ...(await readBody(context)), ...context.req.param() };
}

async function readBody(context: Context): Promise<object> {
  const bytes = await context.req.arrayBuffer();
  if (bytes.byteLength === 0) return {};
  const [mediaType] = (context.req.header('Content-Type') ?? '').split(';');
  if (mediaType?.trim().toLowerCase() !== 'application/json')
    throw new OperationError('unsupported_media_type');
  const body = parseJson(bytes);
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw new OperationError('bad_request', 'the body must be a JSON object');
  }
  return body;
}

function parseJson(bytes: ArrayBuffer): unknown {
  try {
    // RFC 8259: UTF-8 without a byte order mark.
    return JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch {
    throw new OperationError('bad_request', 'the body is not JSON in UTF-8');
  }
}

/** Fields of an operation's input that are numbers: in a query they arrive as text. */
function numericFields(name: OperationName): Set<string> {
  const schema = z.toJSONSchema(operations[name].input, { io: 'input', unrepresentable: 'any' });
  const fields = Object.entries(schema.properties ?? {});
  const isNumber = (field: unknown) => (field as { type?: string }).type === 'integer';
  return new Set(fields.filter(([, field]) => isNumber(field)).map(([field]) => field));
}

/** What is no number stays text, for the schema to refuse. */
function numberOf(text: string): number | string {
  return /^-?\d{1,16}$/.test(text) ? Number(text) : text;
}

function problem(context: Context<Environment>, error: OperationError): Response {
  const { status, headers, body } = problemResponse(error, { requestId: context.get('requestId') });
  return context.body(body, status as ContentfulStatusCode, headers);
}
