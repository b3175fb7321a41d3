/** The page that Prometheus reads. */
import assert from 'node:assert/strict';

export async function metricsPage(url: string): Promise<string> {
  const response = await fetch(url);
  assert.equal(response.status, 200);
  return response.text();
}

/** The page as numbers by series: `name{label="value"}`. */
export async function readMetrics(url: string): Promise<Map<string, number>> {
  const lines = (await metricsPage(url)).split('\n').filter(line => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map(line => {
      const end = line.lastIndexOf(' ');
      return [line.slice(0, end), Number(line.slice(end + 1))];
    }),
  );
}
