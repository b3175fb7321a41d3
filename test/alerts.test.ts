/** When the alerts of deploy/prometheus wake somebody up: by Prometheus's own judgement of a past that is made up. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { type TestContext, test } from 'node:test';
import { scratchFolder } from './support/backups.ts';

const skip =
  process.env['CI'] === undefined && spawnSync('promtool', ['--version']).error !== undefined
    ? 'needs promtool (as Debian’s prometheus)'
    : false;

const reset = 'papo_syncs_total{instance="papo:9464", result="reset"}';

/** @param values of the resets, a minute each, in promtool's words: `0+600x10` rises by 600 ten times. */
async function isRisingAfter(t: TestContext, minutes: number, values: string): Promise<boolean> {
  const file = join(await scratchFolder(t), 'past.yml');
  const past = {
    rule_files: [resolve('deploy/prometheus/alerts.yml')],
    evaluation_interval: '1m',
    tests: [
      {
        interval: '1m',
        input_series: [{ series: reset, values }],
        alert_rule_test: [{ eval_time: `${minutes}m`, alertname: 'PapoResetsRising', exp_alerts: [] }],
      },
    ],
  };
  // JSON is YAML.
  await writeFile(file, JSON.stringify(past));
  const { status, stdout, stderr } = spawnSync('promtool', ['test', 'rules', file], { encoding: 'utf8' });
  if (status === 0) return false;
  // None was expected: this is its complaint that there is one.
  assert.match(stdout + stderr, /exp:\[\s*\],\s*got:\[\s*0:\s*Labels:\{alertname="PapoResetsRising"/);
  return true;
}

test('resets that begin in the first hour are told, when there is no hour before to compare with', {
  skip,
}, async t => {
  assert.equal(await isRisingAfter(t, 30, '0x5 0+120x25'), true);
  assert.equal(await isRisingAfter(t, 30, '0x5 0+12x25'), false, 'a few are not');
});

test('later they are told when there are three times as many as an hour ago', { skip }, async t => {
  assert.equal(await isRisingAfter(t, 110, '0+120x80 10000+480x30'), true);
  assert.equal(await isRisingAfter(t, 110, '0+120x80 10000+240x30'), false);
});
