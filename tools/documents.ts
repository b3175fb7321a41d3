/**
 * Writes what is made from the code: `openapi.json`, `asyncapi.json`, `docs/tests.md`, the READMEs' tables of
 * settings, and the record of the wire contract.
 * With `--check` it writes nothing, and fails when one of them is stale or not valid.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import asyncApiSpecs from '@asyncapi/specs';
import { Validator } from '@seriousme/openapi-schema-validator';
import { Ajv, type AnySchema } from 'ajv';
import { asyncApiDocument } from '../src/contract/asyncapi.ts';
import { protocolVersion } from '../src/contract/codes.ts';
import { openApiDocument } from '../src/contract/openapi.ts';
import { withSettings } from './settings-table.ts';
import { citationFaults, readCitations, testIndex } from './test-index.ts';
import { wireShape } from './wire-shape.ts';

const root = join(import.meta.dirname, '..');
const recordPath = `test/protocol-${protocolVersion}.txt`;

const openApi = openApiDocument();
const asyncApi = asyncApiDocument();
const citations = readCitations(root);
const made = {
  'openapi.json': toJson(openApi),
  'asyncapi.json': toJson(asyncApi),
  'docs/tests.md': testIndex(citations),
  'README.md': withSettings(read('README.md') ?? '', 'README.md'),
  'README.pt-BR.md': withSettings(read('README.pt-BR.md') ?? '', 'README.pt-BR.md'),
  [recordPath]: record(),
};

const faults = [...(await openApiFaults()), ...asyncApiFaults(), ...citationFaults(citations)];
if (process.argv.includes('--check')) {
  const stale = Object.entries(made).filter(([path, text]) => read(path) !== text);
  faults.push(
    ...stale.map(([path]) => `${path} is stale: run "npm run documents" and commit what it writes.`),
  );
} else {
  for (const [path, text] of Object.entries(made)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
}
for (const fault of faults) process.stderr.write(`${fault}\n`);
if (faults.length > 0) process.exitCode = 1;

async function openApiFaults(): Promise<string[]> {
  const { valid, errors } = await new Validator().validate(structuredClone(openApi));
  return valid ? [] : [`openapi.json is no valid OpenAPI 3.1: ${JSON.stringify(errors)}`];
}

function asyncApiFaults(): string[] {
  const validate = new Ajv({ strict: false, validateFormats: false }).compile(
    asyncApiSpecs.schemasWithoutId['3.0.0'] as AnySchema,
  );
  const valid = validate(JSON.parse(JSON.stringify(asyncApi)));
  return valid ? [] : [`asyncapi.json is no valid AsyncAPI 3.0: ${JSON.stringify(validate.errors)}`];
}

/** What was written down once stays: that it is gone is for a test to say. */
function record(): string {
  const before = read(recordPath)?.trimEnd().split('\n') ?? [];
  return `${[...new Set([...before, ...wireShape()])].sort().join('\n')}\n`;
}

function read(path: string): string | undefined {
  try {
    return readFileSync(join(root, path), 'utf8');
  } catch {
    return undefined;
  }
}

function toJson(document: object): string {
  return `${JSON.stringify(document, undefined, 2)}\n`;
}
