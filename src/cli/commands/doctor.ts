import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import { type Config, ConfigError, readConfig } from '../../server/config.ts';
import { readDotEnv, type Sources } from '../../server/settings/sources.ts';
import { unknownVariables } from '../../server/settings/unknown.ts';
import { reasonOf } from '../../server/store/database.ts';
import { withDatabase } from '../database.ts';
import { lookAtDatabase } from '../doctor/database.ts';
import { type Finding, ok, problem, warning } from '../doctor/finding.ts';
import { lookAtDisk, lookAtMachine, thisMachine } from '../doctor/machine.ts';
import { lookAtSite } from '../doctor/site.ts';
import { say } from '../output.ts';
import { addSettingFlags, settingsIn } from '../setting-flags.ts';

export function addDoctor(program: Command): void {
  const command = program
    .command('doctor')
    .description('look for what is wrong, or will be, and say what to do; fails if there is a problem')
    .argument('[url]', 'the server as its users reach it, through its proxy; else where the settings put it')
    .option('--json', 'as JSON')
    .addHelpText('after', '\nExample:\n  papo doctor https://chat.example');
  addSettingFlags(command).action(async (address: string | undefined, options: { json?: boolean }) => {
    const sources: Sources = { flags: settingsIn(options), environment: process.env, dotEnv: readDotEnv() };
    const config = readConfig(sources);
    const url = address === undefined ? addressOf(config) : readUrl(address);
    const findings = [
      ...unknownVariables(sources).map(sentence => warning('settings', sentence, 'Correct or remove it.')),
      ...lookAtMachine(thisMachine(), config),
      ...(await lookAtStore(config, sources)),
      ...(await lookAtSite(url, config, address !== undefined)),
    ];
    const problems = findings.filter(({ state }) => state === 'problem').length;
    say(options.json, { well: problems === 0, findings }, findings.map(lineOf).join('\n'));
    if (problems > 0) process.exitCode = 1;
  });
}

async function lookAtStore(config: Config, { flags = {} }: Sources): Promise<Finding[]> {
  const ownDisk = config.databaseUrl === undefined ? await lookAtDisk(config.dataDir) : [];
  if (config.databaseUrl === undefined && !existsSync(config.dataDir)) {
    return [...ownDisk, ok('database', `papo makes its own in ${config.dataDir} when it starts`)];
  }
  try {
    const found = await withDatabase('existing', flags, ({ connection, log }) =>
      lookAtDatabase(connection, log),
    );
    return [...ownDisk, ...found];
  } catch (error) {
    return [...ownDisk, problem('database', reasonOf(error), 'Do what it says; then ask again.')];
  }
}

/** Where a server of these settings listens. */
function addressOf({ host, port }: Config): URL {
  const reachable = host === '0.0.0.0' || host === '::' ? 'localhost' : host;
  return new URL(`http://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}`);
}

function readUrl(address: string): URL {
  const url = URL.parse(address);
  if (url !== null && /^https?:$/.test(url.protocol)) return url;
  throw new ConfigError(`${address} is no address of a server: it begins with http:// or https://`);
}

function lineOf({ state, check, says, fix }: Finding): string {
  return `${state.padEnd(7)}  ${check}: ${says}${fix === undefined ? '' : `\n         ${fix}`}`;
}
