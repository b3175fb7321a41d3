/**
 * The socket as an AsyncAPI 3.0 document, made from the operation table and the events.
 * https://www.asyncapi.com/docs/reference/specification/v3.0.0
 */
import { closeCodes, protocolVersion, subprotocol } from './codes.ts';
import { ServerEvent } from './events.ts';
import { errorExample, eventExamples, operationExamples } from './examples.ts';
import { limits } from './limits.ts';
import { type OperationDefinition, type OperationName, operations } from './operations.ts';
import { componentSchemas, errorReference, type JsonSchema, jsonSchema, refReference } from './schemas.ts';

/** What a client does about each close code. */
export const closeMeanings: { [Name in keyof typeof closeCodes]: string } = {
  normal: 'The client has closed.',
  protocolError:
    'Not a WebSocket frame as it should be. Fail the request that was sent last, then reconnect.',
  unsupportedData: 'A binary frame. Fail the request that was sent last, then reconnect.',
  invalidPayload: 'Text that is not UTF-8. Fail the request that was sent last, then reconnect.',
  tooLarge: `A message of more than ${limits.maxFrameBytes} bytes. Fail the request that was sent last, then reconnect.`,
  restarting: 'The server is stopping. Reconnect after the delay that `draining` named.',
  outOfStep: 'The server can not give every change in order. Reconnect and sync.',
  tokenExpired: 'The token has expired. Get a new one, then reconnect.',
  slowReader: `More than ${limits.maxUnsentBytes} bytes were unsent. Reconnect and sync.`,
  heartbeatLost: 'No pong came. Reconnect.',
  tooManyConnections: `The user has ${limits.maxConnectionsPerUser} connections open already. Reconnect later.`,
  protocolAbuse: 'Too many malformed frames. Do not reconnect.',
  signedOut: 'Signed out, or revoked. Do not reconnect.',
};

const channel = { $ref: '#/channels/socket' };

const description = `The WebSocket of papo, a real-time chat server: every operation but signing in, and everything that happens live.
Text frames of JSON. After the handshake the server says \`hello\`; the client asks \`sync\`, and from the answer on every change
comes by itself. The HTTP operations are described by \`/openapi.json\`. Fields and events may be added at any time: ignore
those you don't know.`;

const handshake = `The token comes with the handshake: as \`Authorization: Bearer <token>\` or, where there are no headers, as in
browsers, as the subprotocol \`bearer.<token>\` beside \`${subprotocol}\`, of which the server answers \`${subprotocol}\` only. Without a
valid token the handshake is refused with 401, from a foreign origin with 403. \`x-close-codes\` lists how a connection ends:
4000–4499 mean "reconnect", 4500–4999 mean "don't".`;

export type AsyncApiDocument = {
  asyncapi: string;
  info: object;
  defaultContentType: string;
  servers: Record<string, object>;
  channels: Record<string, object>;
  operations: Record<string, object>;
  components: object;
};

export function asyncApiDocument(): AsyncApiDocument {
  const offered = Object.entries<OperationDefinition>(operations)
    .filter(([, { socket }]) => socket)
    .map(([name, operation]) => ({ name: name as OperationName, operation }));
  const messages: Record<string, object> = {
    ...Object.fromEntries(offered.map(({ name, operation }) => [name, requestMessage(name, operation)])),
    ...Object.fromEntries(
      offered.map(({ name, operation }) => [answerName(name), answerMessage(name, operation)]),
    ),
    error: errorMessage(),
    ...Object.fromEntries(ServerEvent.options.map(event => [eventName(event), eventMessage(event)])),
  };
  return {
    asyncapi: '3.0.0',
    info: { title: 'papo', version: String(protocolVersion), description, license: { name: 'MIT' } },
    defaultContentType: 'application/json',
    servers: {
      papo: {
        host: 'localhost:8080',
        protocol: 'ws',
        description: 'Where you run it; `wss` behind a proxy that has a certificate.',
        security: [
          { $ref: '#/components/securitySchemes/token' },
          { $ref: '#/components/securitySchemes/subprotocol' },
        ],
      },
    },
    channels: {
      socket: {
        address: '/ws',
        title: 'The socket',
        description: handshake,
        messages: Object.fromEntries(
          Object.keys(messages).map(name => [name, { $ref: `#/components/messages/${name}` }]),
        ),
        bindings: { ws: { method: 'GET' } },
        'x-close-codes': Object.entries(closeCodes).map(([name, code]) => ({
          code,
          name,
          description: closeMeanings[name as keyof typeof closeCodes],
        })),
      },
    },
    operations: {
      ...Object.fromEntries(offered.map(({ name, operation }) => [name, requestOperation(name, operation)])),
      ...Object.fromEntries(
        ServerEvent.options.map(event => [
          eventName(event),
          { action: 'send', channel, summary: event.description, messages: [onChannel(eventName(event))] },
        ]),
      ),
    },
    components: {
      securitySchemes: {
        token: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' },
        subprotocol: {
          type: 'httpApiKey',
          in: 'header',
          name: 'Sec-WebSocket-Protocol',
          description: `\`${subprotocol}, bearer.<token>\``,
        },
      },
      correlationIds: { ref: { location: '$message.payload#/ref' } },
      messages,
      schemas: componentSchemas(['CookieGrant', 'Grant', 'Problem']),
    },
  };
}

/** Seen from the server, which is what the document describes: it receives requests, and sends events. */
function requestOperation(name: OperationName, { summary }: OperationDefinition): object {
  return {
    action: 'receive',
    channel,
    summary,
    messages: [onChannel(name)],
    reply: { channel, messages: [onChannel(answerName(name)), onChannel('error')] },
  };
}

function requestMessage(name: OperationName, { summary, input }: OperationDefinition): object {
  const schema = jsonSchema(input);
  const inputRequired = (schema.required ?? []).length > 0 || schema.anyOf !== undefined;
  return message(
    name,
    summary,
    { ref: refReference, op: { const: name }, input: schema },
    ['ref', 'op', ...(inputRequired ? ['input'] : [])],
    { ref: 1, op: name, input: operationExamples[name].input },
  );
}

function answerMessage(name: OperationName, { output }: OperationDefinition): object {
  return message(
    answerName(name),
    `The answer to \`${name}\`.`,
    { ref: refReference, output: jsonSchema(output) },
    ['ref', 'output'],
    { ref: 1, output: operationExamples[name].output },
  );
}

function errorMessage(): object {
  return message(
    'error',
    'The answer to a request that failed.',
    { ref: refReference, error: errorReference },
    ['ref', 'error'],
    { ref: 1, error: errorExample },
  );
}

function message(
  name: string,
  summary: string,
  properties: Record<string, JsonSchema>,
  required: string[],
  example: object,
): object {
  return {
    name,
    summary,
    correlationId: { $ref: '#/components/correlationIds/ref' },
    payload: { type: 'object', properties, required },
    examples: [{ payload: example }],
  };
}

type EventSchema = (typeof ServerEvent.options)[number];

function eventMessage(event: EventSchema): object {
  const name = eventName(event);
  return {
    name,
    summary: event.description,
    payload: jsonSchema(event),
    examples: [{ payload: eventExamples[name] }],
  };
}

const eventName = (event: EventSchema) => event.shape.event.value;
const answerName = (name: OperationName) => `${name}.answer`;
const onChannel = (name: string) => ({ $ref: `#/channels/socket/messages/${name}` });
