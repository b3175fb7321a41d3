/** The contract made strict: what the server says must have the fields of the contract, and no other. */
import assert from 'node:assert/strict';
import { z } from 'zod';
import { Problem, Ref, ServerEvent, SocketError } from '../../src/contract/events.ts';
import { type HttpRoute, type OperationName, operations } from '../../src/contract/operations.ts';

/** The same schema, in which no object may have a field that isn't named. */
export function strict(schema: z.ZodType): z.ZodType {
  if (schema instanceof z.ZodObject) {
    const fields = Object.entries(schema.shape as Record<string, z.ZodType>);
    return z.strictObject(Object.fromEntries(fields.map(([name, field]) => [name, strict(field)])));
  }
  if (schema instanceof z.ZodArray) return z.array(strict(schema.element as z.ZodType));
  if (schema instanceof z.ZodOptional) return strict(schema.unwrap() as z.ZodType).optional();
  if (schema instanceof z.ZodNullable) return strict(schema.unwrap() as z.ZodType).nullable();
  if (schema instanceof z.ZodUnion) return z.union((schema.options as z.ZodType[]).map(strict));
  return schema;
}

const outputs = new Map(
  Object.entries(operations).map(([name, { output }]) => [name as OperationName, strict(output)]),
);
const event = strict(ServerEvent);
const problem = strict(Problem);
const answer = z.union([
  z.strictObject({ ref: Ref, output: z.unknown() }),
  z.strictObject({ ref: Ref, error: strict(SocketError) }),
]);

export function requireOutput(op: OperationName, output: unknown): void {
  requireIs(outputs.get(op), output, op);
}

/** Whatever comes on a socket: an event or an answer. What an answer's output must be, only who asked knows. */
export function requireFrame(frame: unknown): void {
  const isEvent = typeof frame === 'object' && frame !== null && 'event' in frame;
  requireIs(isEvent ? event : answer, frame, 'a frame');
}

export function requireProblemBody(body: unknown): void {
  requireIs(problem, body, 'a problem');
}

function requireIs(schema: z.ZodType | undefined, value: unknown, what: string): void {
  const { error } = (schema ?? z.never()).safeParse(value);
  assert.equal(error, undefined, `${what} is not as the contract says: ${JSON.stringify(value)}\n${error}`);
}

/** How an operation is asked for over HTTP: its fields as far as they are in the path, the rest where it belongs. */
export function httpRequest(
  { method, path }: HttpRoute,
  input: Record<string, unknown>,
): { method: string; path: string; body?: Record<string, unknown> } {
  const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name ?? '');
  const target = path.replaceAll(/\{(\w+)\}/g, (_, name) => encodeURIComponent(asText(input[name])));
  const rest = Object.entries(input).filter(([name]) => !inPath.includes(name));
  if (method !== 'GET') return { method, path: target, body: Object.fromEntries(rest) };
  const query = rest.map(
    ([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(asText(value))}`,
  );
  return { method, path: query.length > 0 ? `${target}?${query.join('&')}` : target };
}

/** Half a character can't be percent-encoded. */
function asText(value: unknown): string {
  return (typeof value === 'string' ? value : (JSON.stringify(value) ?? '')).toWellFormed();
}
