/**
 * The wire contract as lines, one for everything that a client may rely on: what is written down in a release must stay
 * as long as the protocol has its number.
 */
import { closeCodes, errorCodes } from '../src/contract/codes.ts';
import { ServerEvent } from '../src/contract/events.ts';
import { type OperationDefinition, operations } from '../src/contract/operations.ts';
import { componentSchemas, type JsonSchema, jsonSchema } from '../src/contract/schemas.ts';

export function wireShape(): string[] {
  return [
    ...Object.entries(errorCodes).map(
      ([code, { status, retryable }]) => `error ${code}: ${status}, ${retryable ? 'retryable' : 'final'}`,
    ),
    ...Object.entries(closeCodes).map(([name, code]) => `close ${code}: ${name}`),
    ...Object.entries(componentSchemas([])).flatMap(([name, schema]) => shapeOf(`object ${name}`, schema)),
    ...ServerEvent.options.flatMap(event => shapeOf(`event ${event.shape.event.value}`, jsonSchema(event))),
    ...Object.entries<OperationDefinition>(operations).flatMap(([name, operation]) =>
      operationShape(`operation ${name}`, operation),
    ),
  ].sort();
}

function operationShape(
  name: string,
  { http, socket, caller, input, output }: OperationDefinition,
): string[] {
  return [
    `${name}: for ${caller}`,
    ...(http ? [`${name}: ${http.method} ${http.path} → ${http.status}`] : []),
    ...(socket ? [`${name}: on the socket`] : []),
    ...shapeOf(`${name} input`, jsonSchema(input)),
    ...shapeOf(`${name} output`, jsonSchema(output)),
  ];
}

function shapeOf(path: string, schema: JsonSchema, presence = ''): string[] {
  const { properties = {}, required = [], anyOf, oneOf, items, additionalProperties } = schema;
  const alternatives = (anyOf ?? oneOf ?? []).map((alternative, index) =>
    shapeOf(`${path}|${index + 1}`, alternative as JsonSchema),
  );
  const fields = Object.entries(properties).map(([name, field]) =>
    shapeOf(`${path}.${name}`, field as JsonSchema, required.includes(name) ? ', required' : ', optional'),
  );
  const values = typeof additionalProperties === 'object' ? shapeOf(`${path}{}`, additionalProperties) : [];
  const elements = items === undefined ? [] : shapeOf(`${path}[]`, items as JsonSchema);
  const choices = (schema.enum ?? []).map(value => `${path} = ${JSON.stringify(value)}`);
  return [
    `${path}: ${typeOf(schema)}${presence}`,
    ...[alternatives, fields].flat(2),
    ...values,
    ...elements,
    ...choices,
  ];
}

function typeOf({ $ref, const: only, type, format, anyOf, oneOf }: JsonSchema): string {
  if ($ref !== undefined) return $ref.replace(/^.*\//, '');
  if (only !== undefined) return JSON.stringify(only);
  if (anyOf ?? oneOf) return 'one of';
  return [...[type ?? 'anything'].flat(), ...(format ? [format] : [])].join(' ');
}

/** How a contract differs from the one that is written down. */
export type ShapeChange = {
  /** Gone, changed, or newly asked of clients: those that exist break. */
  breaking: string[];
  /** New, and not written down. */
  added: string[];
};

export function shapeChange(recorded: readonly string[], actual: readonly string[]): ShapeChange {
  const [before, now] = [new Set(recorded), new Set(actual)];
  const added = actual.filter(line => !before.has(line));
  const isAskedOfOldClients = (line: string) => {
    const input = /^(operation \S+ input)\S*: .*, required$/.exec(line)?.[1];
    return input !== undefined && recorded.some(known => known.startsWith(`${input}:`));
  };
  return {
    breaking: [...recorded.filter(line => !now.has(line)), ...added.filter(isAskedOfOldClients)],
    added: added.filter(line => !isAskedOfOldClients(line)),
  };
}
