// node --import tsx bench/report.ts: writes figures/bench_*.{png,svg,json,vl.json} from bench/results.json; `npm run tables`
// writes README's table of it. No number is typed by hand.
import { join } from 'node:path';
import { type ChartSpec, provenance, renderChart, saveFigure } from '../src/figures';
import { chartHead, ink } from '../src/figures/theme';
import { CASES, SCALING } from './cases';
import { type Measured, measuredRows } from './rows';
import { comparedRows, engineName, newestRows, placesOf, torchOf } from './speed-table';

const root = join(__dirname, '..');
const rows = measuredRows();
const compared = newestRows(comparedRows(rows));

/** Time over the newest PyTorch's, one bar a case, engine and mode; below 1 is faster. */
const ratios = (): ChartSpec => {
  const values = compared.map(row => ({
    name: row.case,
    engine: engineName(row.engine),
    beside: `${engineName(row.engine)} / PyTorch ${torchOf(row)}`,
    ratio: row.ratio,
    label: row.ratio!.toFixed(2),
    at: Math.max(1, row.ratio!), // a label does not lie on the line at 1
  }));
  const cases = CASES.map(({ name }) => name).filter(name => values.some(row => row.name === name));
  const domain = [0, Math.ceil(Math.max(...values.map(({ at }) => at)))];
  const panel = (name: string, last: boolean): ChartSpec => {
    const y = { field: 'beside', type: 'nominal', title: null, axis: { labelLimit: 260, minExtent: 210 } };
    const title = last ? "our time / PyTorch's (median of rounds taken in turns)" : null;
    const x = {
      field: 'ratio',
      type: 'quantitative',
      scale: { domain },
      axis: { title, labels: last, labelFlush: false },
    };
    return {
      title: { text: name, fontSize: 13 },
      data: { values: values.filter(row => row.name === name) },
      width: 420,
      height: { step: 18 },
      layer: [
        { mark: 'bar', encoding: { y, x, color: { field: 'engine', type: 'nominal' } } },
        {
          mark: { type: 'text', align: 'left', dx: 4, fontSize: 11, color: ink.text },
          encoding: { y, x: { ...x, field: 'at' }, text: { field: 'label' } },
        },
        { mark: { type: 'rule', color: ink.text }, encoding: { x: { datum: 1 } } },
      ],
    };
  };
  return {
    ...chartHead('Steps, forward passes and sampling beside PyTorch', placesOf(compared).places.join('; ')),
    spacing: 6,
    vconcat: cases.map((name, i) => panel(name, i === cases.length - 1)),
  };
};

const scaled = rows.filter(row => SCALING.some(({ name }) => name === row.case));

/** Time per image against the batch and against the network's size. */
const scaling = (): ChartSpec => {
  const values = scaled.map(({ case: name, batch, parameters, workers, ours_ms: ms }) => ({
    panel: name.startsWith('edm') ? 'parameters, millions' : 'batch',
    x: name.startsWith('edm') ? parameters / 1e6 : batch,
    ms: ms / batch,
    joined: name.startsWith('edm') ? batch : 0, // another batch and size of image is no point of the same line
    workers: `${workers} worker${workers > 1 ? 's' : ''}`,
  }));
  const panel = (what: string, title: string) => {
    const own = values.filter(value => value.panel === what);
    const scale = { type: 'log', nice: false, padding: 8 };
    const axis = { values: [...new Set(own.map(({ x }) => x))], format: '.3~r', labelOverlap: 'greedy' };
    return {
      title: { text: title, fontSize: 13 },
      data: { values: own },
      width: 260,
      height: 240,
      mark: { type: 'line', point: true },
      encoding: {
        x: { field: 'x', type: 'quantitative', scale, title: what, axis },
        y: { field: 'ms', type: 'quantitative', scale, title: 'ms an image' },
        color: { field: 'workers', type: 'nominal' },
        detail: { field: 'joined' },
      },
    };
  };
  return {
    ...chartHead('Time of one iteration, per image, on the compiled engine', placesOf(scaled).places.join('; ')),
    hconcat: [
      panel('batch', 'CoSIM, 1.3 M parameters'),
      panel('parameters, millions', 'EDM step, batch 16 (56 M: 32 × 32, batch 4)'),
    ],
  };
};

const main = async (): Promise<void> => {
  const keep = async (name: string, spec: ChartSpec, numbers: readonly Measured[]): Promise<void> => {
    const made = provenance({ preset: 'bench', seeds: [1], measured: placesOf(numbers) });
    await saveFigure(join(root, 'figures', name), await renderChart(spec), numbers, made);
  };
  await keep('bench_ratio', ratios(), compared);
  if (scaled.length > 0) await keep('bench_scaling', scaling(), scaled);
};

void main();
