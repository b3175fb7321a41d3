/** The Zod schemas as JSON Schema (2020-12), for documents: named objects stand once, and are referred to. */
import { z } from 'zod';
import { Problem, Ref, SocketError } from './events.ts';
import {
  Account,
  CookieGrant,
  Delta,
  Grant,
  Id,
  Member,
  Message,
  Room,
  RoomInfo,
  Sender,
  Time,
  User,
} from './objects.ts';
import { SyncedRoom } from './operations.ts';

export type JsonSchema = z.core.JSONSchema.BaseSchema;

/** Both documents keep their named schemas there. */
const componentPath = '#/components/schemas/';

const named = {
  Account,
  CookieGrant,
  Delta,
  Grant,
  Id,
  Member,
  Message,
  Problem,
  Ref,
  Room,
  RoomInfo,
  Sender,
  SocketError,
  SyncedRoom,
  Time,
  User,
};

export const problemReference = { $ref: `${componentPath}Problem` };
export const errorReference = { $ref: `${componentPath}SocketError` };
export const refReference = { $ref: `${componentPath}Ref` };

/** The named schemas, without those that a document has no use for. */
export function componentSchemas(except: readonly (keyof typeof named)[]): Record<string, JsonSchema> {
  const wanted = Object.entries(named).filter(([name]) => !except.some(unwanted => unwanted === name));
  return Object.fromEntries(wanted.map(([name, schema]) => [name, definitionOf(schema, name)]));
}

/** What may be sent: fields with a default may be absent, and whoever reads ignores fields it doesn't know. */
export function jsonSchema(schema: z.ZodType): JsonSchema {
  const name = Object.entries(named).find(([, known]) => known === schema)?.[0];
  return name === undefined ? definitionOf(schema) : { $ref: componentPath + name };
}

function definitionOf(schema: z.ZodType, name?: string): JsonSchema {
  const { $schema, $defs = {}, ...inline } = z.toJSONSchema(schema, { io: 'input' });
  const definition = (name !== undefined && $defs[name]) || inline;
  const text = JSON.stringify(definition).replaceAll('"#/$defs/', `"${componentPath}`);
  return JSON.parse(text, (_key, value) => (isSchema(value) ? tidy(value) : value)) as JsonSchema;
}

function isSchema(value: unknown): value is JsonSchema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** That an integer is a safe one, and how a UUID looks, says nothing. What is referred to is described there. */
function tidy({ $ref, ...schema }: JsonSchema): JsonSchema {
  if ($ref !== undefined) return { $ref, ...(schema.description && { description: schema.description }) };
  if (typeof schema.id === 'string') delete schema.id;
  if (schema.maximum === Number.MAX_SAFE_INTEGER) delete schema.maximum;
  if (schema.minimum === Number.MIN_SAFE_INTEGER) delete schema.minimum;
  if (typeof schema.format === 'string') delete schema.pattern;
  return schema;
}
