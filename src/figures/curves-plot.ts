import { ArgumentError, fail } from '../compute/check';
import { spread } from '../metrics';
import { referenceLines, type References } from './reference-lines';
import { onlyPicked, pickedText, type Slider, sliderParams } from './slider';
import { type ChartSpec, coloursOf, countLabels, ink } from './theme';
import { logTicks } from './ticks';

/** One measurement: at `x`, of one series, with one seed. */
export type SeedPoint = {
  series: string;
  x: number;
  seed: number;
  value: number;
  /** Of a chart with a slider: the value of the slider's option. */
  option?: number;
};

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

/** How lines are told apart in grey, one series after the other. */
const DASHES = [[1, 0], [7, 3], [2, 3], [10, 3, 2, 3], [4, 2], [1, 4], [12, 4], [6, 2, 1, 2]]; // prettier-ignore

/** The measurements of each (series, x, option), in order of first appearance of the series and of rising x. */
const grouped = (points: readonly SeedPoint[]) => {
  const groups = new Map<string, SeedPoint[]>();
  for (const point of points) {
    const key = JSON.stringify([point.series, point.x, point.option]);
    groups.set(key, [...(groups.get(key) ?? []), point]);
  }
  return [...groups.values()].map(group => {
    const [{ series, x, option }] = group;
    return { series, x, ...(option !== undefined && { option }), ...spread(group.map(point => point.value)) };
  });
};

/** How strongly band, line and dots are drawn, and how large the dots. */
type Strength = { area: number; line: number; point: number; size: number };

const FULL: Strength = { area: 0.16, line: 1, point: 0.55, size: 22 };
const FADED: Strength = { area: 0.04, line: 0.25, point: 0.2, size: 22 };
const PICKED: Strength = { ...FULL, point: 0.9, size: 70 };

/** A logarithmic axis ends just beyond its values: rounding it to whole decades would leave most of the plot empty. */
const rangeOf = ({ domain }: Axis, values: readonly number[]): readonly [low: number, high: number] =>
  domain ?? [Math.min(...values) / 1.12, Math.max(...values) * 1.12];

const scaleOf = ({ log = false, domain }: Axis, values: readonly number[]): ChartSpec =>
  log
    ? { type: 'log', nice: false, domain: rangeOf({ title: '', domain }, values) }
    : { zero: false, nice: false, ...(domain ? { domain } : { padding: 10 }) };

/** The series, in order of first appearance. */
export const seriesOf = (points: readonly SeedPoint[]): string[] => [...new Set(points.map(point => point.series))];

/** The slider and its parameters; none where the points have one value of its option only: there is nothing to pick. */
export const slidingOver = (
  where: string,
  slider: Slider | undefined,
  points: readonly SeedPoint[],
): [slider: Slider | undefined, params: ChartSpec[]] => {
  if (slider === undefined) return [undefined, []];
  const options = points.map(
    ({ option }, i) => option ?? fail(where, `points[${i}].option`, 'a number, for the slider', option),
  );
  return new Set(options).size < 2 ? [undefined, []] : [slider, sliderParams(where, slider, options)];
};

/** How one plot among others is drawn. */
type PlotOptions = {
  /** All series, each with its colour. */
  series?: readonly string[];
  /** Fades all but what it picks. */
  slider?: Slider;
  /** By which the chart's `legendClicks` find the plot. */
  name?: string;
};

/** Parameter of a chart of curves: a click on the legend fades all other series; a click beside it brings them back. */
export const legendClicks = (plots: readonly string[]): ChartSpec => ({
  name: 'series',
  select: { type: 'point', fields: ['series'] },
  bind: 'legend',
  views: plots,
});

const LEGEND_WIDTH = 900; // pixels that a legend may take
const ENTRY = 55; // of an entry without its text: symbol and gaps
const CHARACTER = 7; // of its text, 12 points high

/** Several rows for a legend that would be wider than the chart and its margin. */
const legendRows = (series: readonly string[]): { columns?: number } => {
  const widths = series.map(({ length }) => ENTRY + CHARACTER * length);
  const all = widths.reduce((sum, width) => sum + width, 0);
  return all <= LEGEND_WIDTH ? {} : { columns: Math.max(1, Math.floor(LEGEND_WIDTH / Math.max(...widths))) };
};

/**
 * A plot of curves, to stand alone or beside others: `series` fixes which colour is whose.
 * @throws ArgumentError for a value that a chart cannot place: not finite, or not positive on a logarithmic axis.
 */
export const curvesPlot = (
  where: string,
  { points, x, y, floor, teacher }: CurvesPlot,
  { width, height }: { width: number; height: number },
  { series = seriesOf(points), slider, name = 'plot' }: PlotOptions = {},
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
  const legend = series.length > 1 ? { symbolType: 'stroke', symbolSize: 500, ...legendRows(series) } : null;
  const named = { field: 'series', type: 'nominal', legend };
  const color = { ...named, scale: { domain: series, range: coloursOf(series) } };
  const dashes = series.map((_, i) => DASHES[i % DASHES.length]);
  const strokeDash = { ...named, scale: { domain: series, range: dashes } };
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
      ...(x.log && { values: positions.length <= 8 ? positions : logTicks(positions[0], positions.at(-1)!) }),
    },
  };
  const yAxis = (field: string) => ({
    field,
    type: 'quantitative',
    title: y.title,
    scale: scaleOf(y, heights),
    axis: y.log ? { values: logTicks(...rangeOf(y, heights)), format: '~g' } : { tickCount: 7 },
  });
  const layers = ({ area, line, point, size }: Strength, transform: ChartSpec[] = []): ChartSpec[] => {
    const summary = { data: { values: grouped(points) }, transform };
    const shade = (opacity: number) =>
      series.length > 1
        ? { color, opacity: { condition: { param: 'series', value: opacity }, value: opacity / 8 } }
        : { color, opacity: { value: opacity } };
    return [
      {
        ...summary,
        mark: { type: 'area' },
        encoding: { x: xAxis, y: yAxis('low'), y2: { field: 'high' }, ...shade(area) },
      },
      {
        ...summary,
        mark: { type: 'line', strokeWidth: 2.5, strokeJoin: 'round' },
        encoding: { x: xAxis, y: yAxis('mean'), ...shade(line), ...(series.length > 1 && { strokeDash }) },
      },
      {
        data: { values: [...points] },
        transform,
        mark: { type: 'point', filled: true, size },
        encoding: { x: xAxis, y: yAxis('value'), ...shade(point) },
      },
    ];
  };
  const label = { type: 'text', align: 'right', baseline: 'bottom', fontSize: 13, fontWeight: 600, color: ink.text };
  const moving = slider && [
    ...layers(PICKED, [onlyPicked('option')]),
    {
      data: { values: [{}] },
      mark: { ...label, text: pickedText(slider) },
      encoding: { x: { value: width }, y: { value: -6 } },
    },
  ];
  return {
    width,
    height,
    layer: [
      ...referenceLines({ floor, teacher }, width),
      ...layers(slider ? FADED : FULL).map((layer, i) => (i === 0 ? { name, ...layer } : layer)),
      ...(moving ?? []),
    ],
    resolve: { legend: { color: 'shared', strokeDash: 'shared' } },
    view: { stroke: ink.grid },
  };
};
