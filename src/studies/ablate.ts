import { userCache } from '../compute/user-cache';
import { type ChartSpec, counted, curvesWithSpread, dotPanels, type Row } from '../figures';
import type { Made } from '../provenance';
import type { Task, TaskResult } from '../tasks';
import {
  type AblatedValue,
  type Cell,
  type Fixed,
  gridOf,
  type Setting,
  settingOf,
  type Varied,
} from './ablated-setting';
import { trainedGenerator } from './generators';
import type { Evaluation } from './evaluation';
import { taskSweep } from './task-sweep';
import type { StudyWatch } from './watch';

/** What `ablate` varies, and what it holds. */
export type AblateOptions = Fixed & {
  /** One option, or two as a grid, of the method, of training or of sampling: `{ R: [1, 2, 4, 8] }`. */
  vary: Varied;
  /** Of training: one generator each; default [0]. */
  seeds?: readonly number[];
  /** Samples that are measured, default 2000. */
  n?: number;
};

/** Where `ablate` keeps what it computed, and how it is watched. */
export type AblateWhere = StudyWatch & {
  /** Of results and generators; default `ablations` in the user's cache. */
  folder?: string;
};

/** The measurement of one generator. */
export type AblatePoint = {
  /** What the options that vary were. */
  values: Cell;
  /** Of training. */
  seed: number;
} & TaskResult &
  Made;

/** What `ablate` measured, one chart of it and the rows of one table. */
export type AblateResult = { points: AblatePoint[]; chart: ChartSpec; rows: Row[] };

/** 'R 2, coef 1'. */
const textOf = (value: AblatedValue): string => (typeof value === 'object' ? value.join(', ') : String(value));
const labelOf = (cell: Cell): string =>
  Object.entries(cell)
    .map(([name, value]) => `${name} ${textOf(value)}`)
    .join(', ');

/** The metric against the first option; a second one gives the series. Numbers are an axis, all else is categories. */
const ablateChart = (task: Pick<Task, 'name' | 'metric'>, points: readonly AblatePoint[], what: string): ChartSpec => {
  const [first, second] = Object.keys(points[0].values);
  const seriesOf = ({ values }: AblatePoint) =>
    second === undefined ? task.name : `${second} ${textOf(values[second])}`;
  const title = `${[first, second].filter(name => name !== undefined).join(' and ')} on ${task.name}`;
  const floor = { value: points[0].floor, label: 'real vs real' };
  const xs = points.map(({ values }) => values[first]);
  const seeds = counted(new Set(points.map(({ seed }) => seed)).size, 'seed');
  if (xs.every((x): x is number => typeof x === 'number')) {
    const log = Math.min(...xs) > 0 && Math.max(...xs) >= 8 * Math.min(...xs);
    return curvesWithSpread({
      title,
      subtitle: `${what}; ${seeds}, band: range over seeds`,
      points: points.map((point, i) => ({ series: seriesOf(point), x: xs[i], seed: point.seed, value: point.value })),
      x: { title: first, log },
      y: { title: task.metric, log: true },
      floor,
    });
  }
  const values = points.map((point, i) => ({ series: seriesOf(point), category: textOf(xs[i]), seed: point.seed, value: point.value })); // prettier-ignore
  const panel = { title: task.name, values, category: first, metric: task.metric, log: true, reference: floor };
  return dotPanels({ title, subtitle: `${what}; ${seeds}, lines: range over seeds`, panels: [panel] });
};

/** One row a combination: the options that vary, and every metric over seeds. */
const ablateRows = (task: Pick<Task, 'metric'>, points: readonly AblatePoint[]): Row[] =>
  [...new Set(points.map(({ values }) => labelOf(values)))].map(label => {
    const own = points.filter(({ values }) => labelOf(values) === label);
    const [{ values, also = {}, onMode, accuracy }] = own;
    return {
      ...Object.fromEntries(Object.entries(values).map(([name, value]) => [name, textOf(value)])),
      [task.metric]: own.map(({ value }) => value),
      ...Object.fromEntries(Object.keys(also).map(name => [name, own.map(point => point.also?.[name].value ?? NaN)])),
      ...(onMode !== undefined && { 'share on a mode': own.map(point => point.onMode ?? NaN) }),
      ...(accuracy !== undefined && { 'class accuracy': own.map(point => point.accuracy ?? NaN) }),
    };
  });

type Config = { identity: Task['identity']; seed: number; n: number } & Setting;

/** One combination and seed: trained, and measured on one block of samples. */
export const ablated: Evaluation<Config, TaskResult[]> = {
  name: 'ablate',
  code: __filename,
  evaluate: async (task, { method, run, images, seed, times, n }, { generators, signal, addMadeBy, onDone }) => {
    const trained = await trainedGenerator(task, { method, run, images, seed }, generators, {
      signal,
      onReport: report => onDone(report.images),
    });
    if (trained === undefined) return undefined;
    addMadeBy(trained.madeBy);
    const draw: Parameters<Task['measure']>[0] = request => trained.run.sample({ ...request, times });
    return [await task.measure(draw, { n, block: 0, signal }).finally(() => trained.run.dispose())];
  },
};

/**
 * Your own ablation: any one option of method, training or sampling, or two as a grid, over training seeds. Each
 * combination is trained from the same start and measured on the same seeds of sampling. Generators and results are kept
 * in `folder` by what they depend on: after a change only what depends on it is computed, and options of sampling train
 * nothing again. Seeds run in the outer loop. Aborted, it returns what is finished.
 * @throws ArgumentError for an unknown option or a value out of range, before anything is trained, and where it was
 * aborted before the first measurement
 * @example
 * const { chart, rows } = await ablate(await pointsTask(), { vary: { R: [1, 2, 4, 8] }, seeds: [0, 1, 2] });
 */
export const ablate = async (
  task: Task,
  { vary, seeds = [0], n = 2000, ...fixed }: AblateOptions,
  { folder = userCache('ablations'), ...watch }: AblateWhere = {},
): Promise<AblateResult> => {
  const cells = gridOf(vary);
  const settings = cells.map((cell): Setting => settingOf(task, fixed, cell));
  const { identity } = task;
  const configs = seeds.flatMap(seed => settings.map((setting): Config => ({ identity, ...setting, seed, n })));
  const cellOf = new Map(configs.map((config, i) => [config, cells[i % cells.length]]));
  const entries = await taskSweep(task, ablated, configs, {
    folder,
    amount: ({ images }) => images,
    label: config => `${labelOf(cellOf.get(config)!)}, seed ${config.seed}`,
    ...watch,
  });
  if (entries.length === 0) throw watch.signal?.reason;
  const points = entries.flatMap(({ config, result }) =>
    result.map(row => ({ values: cellOf.get(config)!, seed: config.seed, ...row })),
  );
  const lengths = [...new Set(settings.map(({ images }) => images))];
  const trained = lengths.length === 1 ? `${counted(lengths[0], 'training image')}, ` : '';
  return { points, chart: ablateChart(task, points, `${trained}n = ${n}`), rows: ablateRows(task, points) };
};
