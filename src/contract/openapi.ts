/** The HTTP door as an OpenAPI 3.1 document, made from the operation table. https://spec.openapis.org/oas/v3.1.1 */
import { type ErrorCode, errorCodes, errorTitles, protocolVersion, refreshTokenHeader } from './codes.ts';
import type { Problem } from './events.ts';
import { errorExample, operationExamples, requestIdExample } from './examples.ts';
import { CookieGrant, Grant } from './objects.ts';
import { type HttpRoute, type OperationDefinition, type OperationName, operations } from './operations.ts';
import { componentSchemas, type JsonSchema, jsonSchema, problemReference } from './schemas.ts';

type Fields = Record<string, JsonSchema>;

/** What any operation can be answered with, whatever it is. */
const commonErrors = ['bad_request', 'rate_limited', 'internal', 'timeout', 'unavailable'] as const;
const bodyErrors = ['too_large', 'unsupported_media_type'] as const;

const description = `The HTTP operations of papo, a real-time chat server. What happens live comes by the WebSocket \`/ws\`:
\`/asyncapi.json\` describes it. Fields may be added at any time: ignore those you don't know.`;

export type OpenApiDocument = {
  openapi: string;
  info: object;
  servers: object[];
  tags: object[];
  paths: Record<string, Record<string, object>>;
  components: object;
};

export function openApiDocument(): OpenApiDocument {
  const routed = Object.entries<OperationDefinition>(operations).flatMap(([name, operation]) =>
    operation.http === undefined ? [] : [{ name: name as OperationName, operation, http: operation.http }],
  );
  const paths: Record<string, Record<string, object>> = {};
  for (const { name, operation, http } of routed) {
    paths[http.path] ??= {};
    Object.assign(paths[http.path] ?? {}, { [http.method.toLowerCase()]: pathItem(name, operation, http) });
  }
  const errorGroups = routed.flatMap(({ operation, http }) => errorsByStatus(operation, http));
  return {
    openapi: '3.1.0',
    info: {
      title: 'papo',
      version: String(protocolVersion),
      description,
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/' }],
    tags: [...new Set(routed.map(({ name }) => tagOf(name)))].map(name => ({ name })),
    paths,
    components: {
      securitySchemes: { token: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } },
      responses: Object.fromEntries(errorGroups.map(codes => [responseName(codes), problemResponse(codes)])),
      schemas: componentSchemas(['Ref', 'SocketError', 'SyncedRoom']),
    },
  };
}

function pathItem(name: OperationName, operation: OperationDefinition, http: HttpRoute): object {
  const { summary, caller, cookie } = operation;
  const { inPath, inQuery, body } = splitInput(operation, http);
  const example = operationExamples[name];
  const given = example.input as Record<string, unknown>;
  const parameters = [
    ...Object.entries(inPath).map(([field, schema]) => parameter('path', field, schema, true, given)),
    ...Object.entries(inQuery.fields).map(([field, schema]) =>
      parameter('query', field, schema, inQuery.required.includes(field), given),
    ),
    ...(cookie ? [cookieParameter(cookie)] : []),
  ];
  const bodyExample = Object.fromEntries(Object.entries(given).filter(([field]) => !(field in inPath)));
  return {
    operationId: name,
    summary,
    tags: [tagOf(name)],
    ...(caller !== 'anyone' && { security: [{ token: [] }] }),
    ...(parameters.length > 0 && { parameters }),
    ...(body && {
      requestBody: {
        required: body.required && cookie !== 'renews',
        content: { 'application/json': { schema: body.schema, example: bodyExample } },
      },
    }),
    responses: {
      [http.status]:
        http.status === 204
          ? { description: 'Done.' }
          : {
              description: 'Done.',
              content: { 'application/json': { schema: answerSchema(operation), example: example.output } },
            },
      ...Object.fromEntries(
        errorsByStatus(operation, http).map(codes => [
          errorCodes[codes[0]].status,
          { $ref: `#/components/responses/${responseName(codes)}` },
        ]),
      ),
    },
  };
}

const cookieUses = {
  sets: 'The refresh token goes into a cookie instead of the answer.',
  renews:
    'The refresh token is taken from the cookie, and the next one goes into it; there is none in body and answer.',
  clears: 'The cookie with the refresh token is cleared.',
} as const;

/** For the server's own pages; to those of other origins it is `forbidden`. */
function cookieParameter(use: keyof typeof cookieUses): object {
  const { name, value } = refreshTokenHeader;
  const schema = { type: 'string', enum: [value] };
  return { name, in: 'header', description: cookieUses[use], required: false, schema };
}

function answerSchema({ output }: OperationDefinition): JsonSchema {
  return output === Grant ? { anyOf: [Grant, CookieGrant].map(jsonSchema) } : jsonSchema(output);
}

/** Path, query and body together are the input: what the path doesn't name is in the query of a GET, else in the body. */
function splitInput(operation: OperationDefinition, http: HttpRoute) {
  const schema = jsonSchema(operation.input);
  const { properties, required = [], ...rest } = schema;
  const fields = Object.entries((properties ?? {}) as Fields);
  const isInPath = (name: string) => http.path.includes(`{${name}}`);
  const inPath = Object.fromEntries(fields.filter(([name]) => isInPath(name)));
  const others = Object.fromEntries(fields.filter(([name]) => !isInPath(name)));
  const othersRequired = required.filter(name => !isInPath(name));
  const none = { fields: {} as Fields, required: [] as string[] };
  if (http.method === 'GET') return { inPath, inQuery: { fields: others, required: othersRequired } };
  const hasBody = Object.keys(others).length > 0 || schema.anyOf !== undefined;
  if (!hasBody) return { inPath, inQuery: none };
  const body = {
    required: othersRequired.length > 0 || schema.anyOf !== undefined,
    schema: {
      ...rest,
      ...(properties && { properties: others }),
      ...(othersRequired.length > 0 && { required: othersRequired }),
    },
  };
  return { inPath, inQuery: none, body };
}

function parameter(
  where: 'path' | 'query',
  name: string,
  schema: JsonSchema,
  required: boolean,
  examples: Record<string, unknown>,
): object {
  return { name, in: where, required, schema, ...(name in examples && { example: examples[name] }) };
}

type ErrorGroup = [ErrorCode, ...ErrorCode[]];

/** The codes an operation can be answered with, those of one status together. */
function errorsByStatus(operation: OperationDefinition, http: HttpRoute): ErrorGroup[] {
  const { caller, cookie, errors } = operation;
  const possible = new Set<ErrorCode>([
    ...commonErrors,
    ...(caller !== 'anyone' ? (['unauthorized'] as const) : []),
    ...(cookie ? (['forbidden'] as const) : []),
    ...(splitInput(operation, http).body ? bodyErrors : []),
    ...errors,
  ]);
  const inOrder = (Object.keys(errorCodes) as ErrorCode[]).filter(code => possible.has(code));
  return [...Map.groupBy(inOrder, code => errorCodes[code].status).values()] as ErrorGroup[];
}

const responseName = (codes: ErrorGroup) => codes.join('_or_');

function problemResponse(codes: ErrorGroup): object {
  const [code] = codes;
  const { status } = errorCodes[code];
  const waits = status === 429 || status === 503;
  const example: Problem = {
    type: `urn:papo:error:${code}`,
    title: errorTitles[code],
    status,
    code,
    detail: errorTitles[code],
    requestId: requestIdExample,
    ...(status === 429 && { retryAfterMs: errorExample.retryAfterMs }),
  };
  return {
    description: `${codes.map(each => `\`${each}\`: ${errorTitles[each]}`).join('; ')}.`,
    ...(waits && {
      headers: {
        'Retry-After': {
          description: 'Seconds to wait before asking again.',
          required: status === 429,
          schema: { type: 'integer', minimum: 0 },
        },
      },
    }),
    content: { 'application/problem+json': { schema: problemReference, example } },
  };
}

const tagOf = (name: OperationName) => name.split('.')[0] ?? name;
