/** The dashboard is one that Grafana takes: https://grafana.com/docs/grafana/latest/dashboards/build-dashboards/view-dashboard-json-model/ */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { Ajv } from 'ajv';

type Grid = { x: number; y: number; w: number; h: number };
type Dashboard = {
  panels: { id: number; title: string; gridPos: Grid; targets: { refId: string }[] }[];
  templating: { list: { name: string; type: string; query?: unknown }[] };
};

const columns = 24;
const text = { type: 'string', minLength: 1 };
const place = { type: 'integer', minimum: 0 };
const size = { type: 'integer', minimum: 1 };
/** Which of the provisioned sources is asked, the viewer chooses. */
const datasource = {
  type: 'object',
  required: ['type', 'uid'],
  properties: { type: { const: 'prometheus' }, uid: { const: '$'.concat('{datasource}') } },
};

/** What of Grafana's dashboard model papo uses; a word that isn't in it is a mistake. */
const model = {
  type: 'object',
  required: ['uid', 'title', 'schemaVersion', 'panels', 'templating', 'time'],
  additionalProperties: false,
  properties: {
    uid: { ...text, maxLength: 40 },
    title: text,
    description: text,
    tags: { type: 'array', items: text },
    schemaVersion: { type: 'integer', minimum: 36 },
    version: place,
    editable: { type: 'boolean' },
    refresh: { type: 'string', pattern: '^\\d+[smh]$' },
    timezone: { enum: ['browser', 'utc', ''] },
    time: { type: 'object', required: ['from', 'to'], properties: { from: text, to: text } },
    templating: {
      type: 'object',
      required: ['list'],
      properties: {
        list: {
          type: 'array',
          items: { type: 'object', required: ['name', 'type'], properties: { name: text, type: text } },
        },
      },
    },
    panels: {
      type: 'array',
      minItems: 1,
      items: {
        type: 'object',
        required: [
          'id',
          'type',
          'title',
          'description',
          'datasource',
          'gridPos',
          'targets',
          'fieldConfig',
          'options',
        ],
        additionalProperties: false,
        properties: {
          id: size,
          type: { enum: ['timeseries', 'stat', 'gauge', 'table', 'heatmap', 'barchart'] },
          title: text,
          description: text,
          datasource,
          gridPos: {
            type: 'object',
            required: ['x', 'y', 'w', 'h'],
            additionalProperties: false,
            properties: { x: place, y: place, w: size, h: size },
          },
          fieldConfig: {
            type: 'object',
            required: ['defaults', 'overrides'],
            properties: {
              defaults: { type: 'object', required: ['unit'], properties: { unit: text } },
              overrides: { type: 'array' },
            },
          },
          options: { type: 'object' },
          targets: {
            type: 'array',
            minItems: 1,
            items: {
              type: 'object',
              required: ['refId', 'expr', 'datasource', 'legendFormat'],
              additionalProperties: false,
              properties: {
                refId: { type: 'string', pattern: '^[A-Z]$' },
                expr: text,
                legendFormat: text,
                datasource,
              },
            },
          },
        },
      },
    },
  },
};

const dashboard = JSON.parse(readFileSync('deploy/grafana/dashboards/papo.json', 'utf8')) as Dashboard;
const { panels } = dashboard;

test('the dashboard is of Grafana’s model', () => {
  const validate = new Ajv({ allErrors: true }).compile(model);
  validate(dashboard);
  assert.deepEqual(validate.errors, null);
});

test('panels have ids of their own, stand in the grid, and on nobody’s place; so do the queries of each', () => {
  assert.equal(new Set(panels.map(({ id }) => id)).size, panels.length);
  const taken = new Map<string, string>();
  for (const { title, gridPos, targets } of panels) {
    const { x, y, w, h } = gridPos;
    assert.ok(x + w <= columns, `${title} is in the grid`);
    for (let row = y; row < y + h; row += 1) {
      for (let column = x; column < x + w; column += 1) {
        const cell = `${column}/${row}`;
        assert.equal(taken.get(cell), undefined, `${title} stands at ${cell}`);
        taken.set(cell, title);
      }
    }
    assert.equal(new Set(targets.map(({ refId }) => refId)).size, targets.length, title);
  }
});

test('what it asks is the source that is provisioned', () => {
  const variable = dashboard.templating.list.find(({ name }) => name === 'datasource');
  assert.deepEqual([variable?.type, variable?.query], ['datasource', 'prometheus']);
  const provisioned = readFileSync('deploy/grafana/provisioning/datasources/prometheus.yml', 'utf8');
  // Of the sources of its type, such a variable takes the default one first.
  for (const line of ['uid: prometheus', 'type: prometheus', 'isDefault: true']) {
    assert.ok(provisioned.includes(line), line);
  }
});
