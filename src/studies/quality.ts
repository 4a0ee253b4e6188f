import { mean } from 'd3';
import { type ChartSpec, dotPanels, type Row } from '../figures';
import { inMetric } from '../tasks';
import type { ComparisonPoint } from './steps-comparison';

/** What the chart of quality says besides its values. */
export type QualityOptions = {
  title: string;
  subtitle: string;
  /** Above the panel: the task's name. */
  task: string;
  /** Axis title of what is shown; the points' own value, or one of `also`. */
  metric: string;
};

/** The points in a metric of theirs: `metric` is their own where they have no other of that name. */
const measuredIn = (points: readonly ComparisonPoint[], metric: string): ComparisonPoint[] =>
  points[0]?.also?.[metric] === undefined ? [...points] : inMetric(points, metric);

/** A metric against the number of network evaluations, one series a sampler: dots are means, lines ranges. */
export const qualityChart = (
  points: readonly ComparisonPoint[],
  { title, subtitle, task, metric }: QualityOptions,
): ChartSpec => {
  const measured = measuredIn(points, metric).sort((a, b) => a.steps - b.steps);
  const values = measured.map(({ series, steps, seed, value }) => ({ series, category: steps, seed, value }));
  const floor = { value: mean(measured, point => point.floor)!, label: 'real vs real' };
  const category = 'network evaluations per sample (NFE)';
  return dotPanels({
    title,
    subtitle,
    panels: [{ title: task, values, metric, category, log: true, reference: floor }],
  });
};

/** One row a sampler and number of network evaluations: every metric, the floor and, where there are classes, their accuracy over seeds or blocks. */
export const qualityRows = (points: readonly ComparisonPoint[], metrics: readonly string[]): Row[] =>
  [...new Set(points.map(({ series, steps }) => `${series} ${steps}`))].map(name => {
    const own = points.filter(({ series, steps }) => `${series} ${steps}` === name);
    const values = metrics.map(metric => [metric, measuredIn(own, metric).map(({ value }) => value)]);
    return {
      sampler: own[0].series,
      NFE: own[0].steps,
      ...(Object.fromEntries(values) as Record<string, number[]>),
      floor: own.map(({ floor }) => floor),
      ...(own[0].accuracy !== undefined && { 'class accuracy': own.map(({ accuracy }) => accuracy ?? NaN) }),
    };
  });

/** 'n = 2000 against 4000 real images; dots: mean, lines: range over 3 seeds'; `repeats` as '3 seeds'. */
export const qualitySubtitle = (n: number, reference: number, repeats: string): string =>
  `n = ${n} against ${reference} real images; dots: mean, lines: range over ${repeats}`;
