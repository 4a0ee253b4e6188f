import { ArgumentError } from '../compute/check';
import { spread } from '../metrics';
import { referenceLines, type References } from './reference-lines';
import { chartHead, type ChartSpec, countLabels, ink } from './theme';

/** One measurement: at `x`, of one series, with one seed. */
export type SeedPoint = { series: string; x: number; seed: number; value: number };

/** An axis: its title with the unit, whether it is logarithmic, and the range it shows; default: that of its values. */
export type Axis = { title: string; log?: boolean; domain?: readonly [low: number, high: number] };

/** What one plot shows. */
export type CurvesPlot = References & {
  /** One point for each curve, place and seed. */
  points: readonly SeedPoint[];
  /** E.g. { title: 'training images', log: true }. */
  x: Axis;
  /** E.g. { title: 'sliced W2' }. */
  y: Axis;
};

/** Options of `curvesWithSpread`. */
export type CurvesOptions = CurvesPlot & {
  /** Title, in one line. */
  title: string;
  /** Line below the title, smaller. */
  subtitle?: string;
};

const size = { width: 560, height: 340 };

/** The measurements of each (series, x), in order of first appearance of the series and of rising x. */
const grouped = (points: readonly SeedPoint[]) => {
  const groups = new Map<string, SeedPoint[]>();
  for (const point of points) {
    const key = JSON.stringify([point.series, point.x]);
    groups.set(key, [...(groups.get(key) ?? []), point]);
  }
  return [...groups.values()].map(group => ({
    series: group[0].series,
    x: group[0].x,
    ...spread(group.map(point => point.value)),
  }));
};

/** A logarithmic axis ends just beyond its values: rounding it to whole decades would leave most of the plot empty. */
const scaleOf = ({ log = false, domain }: Axis, values: readonly number[]): ChartSpec =>
  log
    ? { type: 'log', nice: false, domain: domain ?? [Math.min(...values) / 1.12, Math.max(...values) * 1.12] }
    : { zero: false, nice: false, ...(domain ? { domain } : { padding: 10 }) };

/**
 * A plot of curves, to stand alone or beside others: `series` fixes which colour is whose.
 * @throws ArgumentError for a value that a chart cannot place: not finite, or not positive on a logarithmic axis.
 */
export const curvesPlot = (
  where: string,
  { points, x, y, floor, teacher }: CurvesPlot,
  { width, height }: { width: number; height: number },
  series: readonly string[] = [...new Set(points.map(point => point.series))],
): ChartSpec => {
  for (const point of points)
    for (const [value, { log }] of [
      [point.x, x],
      [point.value, y],
    ] as const)
      if (!Number.isFinite(value) || (log && value <= 0))
        throw new ArgumentError(`${where}: cannot place ${JSON.stringify(point)} on ${log ? 'a log' : 'an'} axis.`);

  const positions = [...new Set(points.map(point => point.x))].sort((a, b) => a - b);
  const heights = [...points, ...(floor ? [floor] : []), ...(teacher ? [teacher] : [])].map(({ value }) => value);
  const color = {
    field: 'series',
    type: 'nominal',
    scale: { domain: series },
    legend: series.length > 1 ? { symbolType: 'stroke' } : null,
  };
  const xAxis = {
    field: 'x',
    type: 'quantitative',
    title: x.title,
    scale: scaleOf(x, positions),
    axis: {
      ...countLabels,
      tickCount: 6,
      labelOverlap: 'greedy',
      labelSeparation: 8,
      ...(x.log && positions.length <= 8 ? { values: positions } : {}),
    },
  };
  const yAxis = (field: string) => ({
    field,
    type: 'quantitative',
    title: y.title,
    scale: scaleOf(y, heights),
    axis: { tickCount: 7 },
  });
  const summary = { values: grouped(points) };
  return {
    width,
    height,
    layer: [
      ...referenceLines({ floor, teacher }, width),
      {
        data: summary,
        mark: { type: 'area', opacity: 0.16 },
        encoding: { x: xAxis, y: yAxis('low'), y2: { field: 'high' }, color },
      },
      {
        data: summary,
        mark: { type: 'line', strokeWidth: 2.5, strokeJoin: 'round' },
        encoding: { x: xAxis, y: yAxis('mean'), color },
      },
      {
        data: { values: [...points] },
        mark: { type: 'point', filled: true, size: 22, opacity: 0.55 },
        encoding: { x: xAxis, y: yAxis('value'), color },
      },
    ],
    resolve: { legend: { color: 'shared' } },
    view: { stroke: ink.grid },
  };
};

/**
 * A metric against training images, one colour a series: the mean over seeds as a line, the range over seeds as a band,
 * each seed as a dot; the real-vs-real floor dashed and the teacher solid, named at the right.
 * @throws ArgumentError as `curvesPlot`
 */
export const curvesWithSpread = ({ title, subtitle, ...plot }: CurvesOptions): ChartSpec => ({
  ...chartHead(title, subtitle),
  ...curvesPlot('curvesWithSpread', plot, size),
});
