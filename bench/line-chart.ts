/** Lines over time as SVG, in colours that can be read on white and on black. */

export type Line = { name: string; points: readonly (readonly [at: number, value: number])[] };
export type Chart = { title: string; unit: string; lines: readonly Line[] };

const width = 840;
const [left, right, top, bottom] = [64, 16, 40, 24];
const plotHeight = 150;
const chartHeight = top + plotHeight + bottom;
const heading = 44;
const footer = 24;
const colours = ['#2f7fd6', '#d9822b', '#3a9a5b', '#b0589f'];
const grey = '#8b8f96';
const ticks = 4;
const secondsPerTick = 10;

/** One below the other, over the same seconds. */
export function drawCharts(title: string, charts: readonly Chart[], seconds: number): string {
  const height = heading + charts.length * chartHeight + footer;
  const middle = left + (width - left - right) / 2;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escaped(title)}" font-family="system-ui, sans-serif" font-size="12" fill="${grey}">`,
    `<title>${escaped(title)}</title>`,
    `<text x="${left}" y="26" font-size="16" font-weight="600">${escaped(title)}</text>`,
    ...charts.flatMap((chart, index) => draw(chart, heading + index * chartHeight, seconds)),
    `<text x="${middle}" y="${height - 8}" text-anchor="middle">seconds since the start</text>`,
    '</svg>',
    '',
  ].join('\n');
}

function draw({ title, unit, lines }: Chart, y: number, seconds: number): string[] {
  const highest = Math.max(0, ...lines.flatMap(({ points }) => points.map(([, value]) => value)));
  const step = niceStep(highest / ticks);
  const most = step * Math.max(1, Math.ceil(highest / step));
  const floor = y + top + plotHeight;
  const toX = (at: number) => left + ((width - left - right) * at) / seconds;
  const toY = (value: number) => floor - (plotHeight * value) / most;
  const levels = Array.from({ length: Math.round(most / step) + 1 }, (_, level) => level * step);
  const times = Array.from(
    { length: Math.floor(seconds / secondsPerTick) + 1 },
    (_, at) => at * secondsPerTick,
  );
  return [
    `<text x="${left}" y="${y + 20}" font-weight="600">${escaped(title)} (${escaped(unit)})</text>`,
    ...legend(lines, y + 20),
    ...levels.flatMap(level => [
      `<path d="M${left} ${round(toY(level))}H${width - right}" stroke="${grey}" stroke-opacity="${level === 0 ? 0.9 : 0.3}"/>`,
      `<text x="${left - 8}" y="${round(toY(level) + 4)}" text-anchor="end">${level.toLocaleString('en', { maximumFractionDigits: 2 })}</text>`,
    ]),
    ...times.map(at => `<text x="${round(toX(at))}" y="${floor + 16}" text-anchor="middle">${at}</text>`),
    ...lines.map(({ points }, index) => {
      const path = points.map(([at, value]) => `${round(toX(at))} ${round(toY(value))}`).join('L');
      return `<path d="M${path}" fill="none" stroke="${colours[index % colours.length]}" stroke-width="2" stroke-linejoin="round"/>`;
    }),
  ];
}

/** From the right, the last line first. */
function legend(lines: readonly Line[], y: number): string[] {
  let end = width - right;
  return lines.toReversed().map(({ name }, index) => {
    const colour = colours[(lines.length - 1 - index) % colours.length];
    const text = `<text x="${end}" y="${y}" text-anchor="end" fill="${colour}" font-weight="600">${escaped(name)}</text>`;
    end -= name.length * 7 + 20;
    return text;
  });
}

/** 1, 2 or 5, times a power of ten, at least as large. */
function niceStep(step: number): number {
  if (step <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(step));
  return power * ([1, 2, 5].find(nice => nice * power >= step) ?? 10);
}

const round = (value: number) => Math.round(value * 10) / 10;

const escaped = (text: string) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
