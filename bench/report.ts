// node --import tsx bench/report.ts: writes README's tables of speed and of the paper's networks, and
// figures/bench_*.{png,svg,json,vl.json}, from bench/results.json and bench/full-width.json. No number is typed by hand.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { format, resolveConfig } from 'prettier';
import { writeFileAtomic } from '../src/checkpoints';
import { type ChartSpec, provenance, renderChart, saveFigure } from '../src/figures';
import { chartHead, ink } from '../src/figures/theme';
import { CASES, SCALING } from './cases';
import type { Row } from './one-case';

type Measured = Row & { date: string; commit: string; machine: string; node: string; block: number };

const root = join(__dirname, '..');
const rows = (JSON.parse(readFileSync(join(__dirname, 'results.json'), 'utf8')) as { rows: Measured[] }).rows;
const named = new Set(CASES.map(({ name }) => name));
const compared = rows.filter(row => named.has(row.case) && row.ratio !== null);

const cell = (ms: number, spread: number | null): string => `${ms.toFixed(1)} ±${(50 * (spread ?? 0)).toFixed(0)} %`;

const markdown = (lines: readonly (readonly string[])[]): string => {
  const [head, ...body] = lines;
  const widths = head.map((title, i) => Math.max(title.length, ...body.map(line => line[i].length)));
  return [head, widths.map(width => '-'.repeat(width)), ...body]
    .map(line => `| ${line.map((text, i) => text.padEnd(widths[i])).join(' | ')} |`)
    .join('\n');
};

/** A Markdown table, one line a case and engine. */
const table = (): string => {
  const head = [
    'case',
    'engine',
    'ours, ms',
    'PyTorch, ms',
    'ratio',
    'CPU, ours / PyTorch',
    'peak MB, ours / PyTorch',
    'n',
  ];
  const body = compared.map(row => [
    row.case,
    row.engine,
    cell(row.ours_ms, row.ours_spread),
    cell(row.torch_ms!, row.torch_spread),
    row.ratio!.toFixed(2),
    `${row.ours_cpu_ms.toFixed(0)} / ${row.torch_cpu_ms!.toFixed(0)}`,
    `${row.ours_peak_mb.toFixed(0)} / ${row.torch_peak_mb!.toFixed(0)}`,
    String(row.n),
  ]);
  return markdown([head, ...body]);
};

const places = [
  ...new Set(compared.map(({ machine, node, torch_version: torch }) => `${machine}, Node ${node}, PyTorch ${torch}`)),
];
const commits = [...new Set(compared.map(({ commit }) => commit))];
const made = { preset: 'bench', seeds: [1], measured: { places, commits } };

/** Time over PyTorch's, one bar a case and engine; below 1 is faster. */
const ratios = (): ChartSpec => {
  const values = compared.map(({ case: name, engine, ratio }) => ({
    name,
    engine,
    ratio,
    label: ratio!.toFixed(2),
    at: Math.max(1, ratio!), // a label does not lie on the line at 1
  }));
  const y = { field: 'name', type: 'nominal', sort: [...named], title: null };
  const series = { field: 'engine', type: 'nominal' };
  const x = { field: 'ratio', type: 'quantitative', title: "our time / PyTorch's (median of rounds taken in turns)" };
  return {
    ...chartHead('Steps, forward passes and sampling beside PyTorch', places.join('; ')),
    width: 420,
    height: { step: 18 },
    layer: [
      { data: { values }, mark: 'bar', encoding: { y, yOffset: series, x, color: series } },
      {
        data: { values },
        mark: { type: 'text', align: 'left', dx: 4, fontSize: 11, color: ink.text },
        encoding: { y, yOffset: series, x: { ...x, field: 'at' }, text: { field: 'label' } },
      },
      {
        data: { values: [{ at: 1 }] },
        mark: { type: 'rule', color: ink.text },
        encoding: { x: { field: 'at', type: 'quantitative' } },
      },
    ],
  };
};

const scaled = rows.filter(row => SCALING.some(({ name }) => name === row.case));

/** Time per image against the batch and against the network's size. */
const scaling = (): ChartSpec => {
  const values = scaled.map(({ case: name, batch, parameters, workers, ours_ms: ms }) => ({
    panel: name.startsWith('edm') ? 'parameters, millions' : 'batch',
    x: name.startsWith('edm') ? parameters / 1e6 : batch,
    ms: ms / batch,
    workers: `${workers} worker${workers > 1 ? 's' : ''}`,
  }));
  const panel = (what: string, title: string) => ({
    title: { text: title, fontSize: 13 },
    data: { values: values.filter(value => value.panel === what) },
    width: 260,
    height: 240,
    mark: { type: 'line', point: true },
    encoding: {
      x: { field: 'x', type: 'quantitative', scale: { type: 'log', nice: false }, title: what },
      y: { field: 'ms', type: 'quantitative', scale: { type: 'log', nice: false }, title: 'ms an image' },
      color: { field: 'workers', type: 'nominal' },
    },
  });
  return {
    ...chartHead('Time of one iteration, per image, on the compiled engine', places.join('; ')),
    hconcat: [
      panel('batch', 'CoSIM, 1.3 M parameters'),
      panel('parameters, millions', 'EDM step, batch 16 (56 M: 32 × 32, batch 4)'),
    ],
  };
};

type Times = { wall_s: number; cpu_s: number };
type FullWidth = Omit<Measured, 'case'> & {
  case: string;
  network: string;
  first: Times;
  next: Times;
  peak_gb: number;
  load: number;
  numbers: Record<string, number>;
};

const fullWidth = (JSON.parse(readFileSync(join(__dirname, 'full-width.json'), 'utf8')) as { rows: FullWidth[] }).rows;

/** The paper's networks with random weights, one line a case. */
const fullWidthTable = (): string => {
  const seconds = ({ wall_s, cpu_s }: Times): string => `${wall_s.toFixed(1)} / ${cpu_s.toFixed(1)}`;
  const shown = (numbers: Record<string, number>): string =>
    Object.entries(numbers)
      .map(([name, value]) => `${name} ${Number(value.toPrecision(3))}`)
      .join(', ');
  const head = ['case', 'network', 'parameters', 'batch', 'first, s wall / CPU', 'next, s wall / CPU', 'peak GB', 'load', 'numbers']; // prettier-ignore
  const body = fullWidth.map(row => [
    ...[row.case, `\`${row.network}\``, `${(row.parameters / 1e6).toFixed(1)} M`, String(row.batch)],
    ...[seconds(row.first), seconds(row.next), row.peak_gb.toFixed(1), row.load.toFixed(1), shown(row.numbers)],
  ]);
  return markdown([head, ...body]);
};

/** Places in README by the name in their marks: what is between `<!-- NAME: ... -->` and `<!-- /NAME -->` is written here. */
const BLOCKS: Record<string, () => string> = {
  bench: () => {
    const note = `_${places.join('; ')}; commit ${commits.join(', ')}; ± half the interquartile range; \`bench/results.json\`._`;
    return `${table()}\n\n${note}`;
  },
  'full-width': () => {
    const machines = [...new Set(fullWidth.map(({ machine, node }) => `${machine}, Node ${node}`))].join('; ');
    const from = [...new Set(fullWidth.map(({ commit }) => commit))].join(', ');
    return `${fullWidthTable()}\n\n_${machines}; commit ${from}; \`bench/full-width.json\`._`;
  },
};

const withBlock = (text: string, name: string): string => {
  const [begin, end] = [`<!-- ${name}: written by bench/report.ts -->`, `<!-- /${name} -->`];
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`README.md has no place for the table: ${begin} ... ${end}`);
  return `${text.slice(0, from)}${begin}\n\n${BLOCKS[name]()}\n\n${text.slice(to)}`;
};

const main = async (): Promise<void> => {
  const path = join(root, 'README.md');
  const text = Object.keys(BLOCKS).reduce(withBlock, readFileSync(path, 'utf8'));
  await writeFileAtomic(path, await format(text, { ...(await resolveConfig(path)), filepath: path }));
  const keep = async (name: string, spec: ChartSpec, numbers: readonly Measured[]): Promise<void> => {
    await saveFigure(join(root, 'figures', name), await renderChart(spec), numbers, provenance(made));
  };
  await keep('bench_ratio', ratios(), compared);
  if (scaled.length > 0) await keep('bench_scaling', scaling(), scaled);
};

void main();
