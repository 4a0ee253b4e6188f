import { fail } from '../compute/check';
import { spread } from '../metrics';
import { chartHead, type ChartSpec, coloursOf, ink } from './theme';
import { logTicks } from './ticks';

/** One measurement of one series on one category, with one seed. */
export type CategoryValue = { series: string; category: string | number; seed: number; value: number };

/** One panel of `dotPanels`. */
export type DotPanel = {
  title: string;
  values: readonly CategoryValue[];
  /** The x axis' title. */
  category: string;
  /** The y axis' title, with the unit. */
  metric: string;
  /** Logarithmic y axis. */
  log?: boolean;
  /** A dashed horizontal line with its label. */
  reference?: { value: number; label: string };
};

/** Options of `dotPanels`. */
export type DotPanelsOptions = {
  title: string;
  subtitle?: string;
  /** One below the other. */
  panels: readonly DotPanel[];
};

const [slot, height] = [14, 190];

const plot = (
  { title, values, category, metric, log = false, reference }: DotPanel,
  series: readonly string[],
): ChartSpec => {
  const categories = [...new Set(values.map(value => value.category))];
  const own = series.filter(name => values.some(value => value.series === name)); // of this panel
  const dots = categories.flatMap(name =>
    own.flatMap(one => {
      const group = values.filter(value => value.category === name && value.series === one);
      return group.length === 0 ? [] : [{ category: name, series: one, ...spread(group.map(({ value }) => value)) }];
    }),
  );
  const place = {
    x: {
      field: 'category',
      type: 'nominal',
      title: category,
      sort: categories,
      axis: { labelAngle: 0, grid: true },
      scale: { paddingInner: 0.35, paddingOuter: 0.2 },
    },
    xOffset: { field: 'series', type: 'nominal', scale: { domain: own } },
  };
  const color = {
    field: 'series',
    type: 'nominal',
    scale: { domain: series, range: coloursOf(series) },
    legend: { symbolType: 'circle', columns: 4 },
  };
  const heights = [...values, ...(reference ? [reference] : [])].map(({ value }) => value);
  const [lowest, highest] = [Math.min(...heights), Math.max(...heights)];
  const room = 0.06 * (highest - lowest || 1); // so that no dot is cut
  const [low, high] = log ? [lowest / 1.25, highest * 1.25] : [lowest - room, highest + room];
  const scale = { ...(log ? { type: 'log' } : { zero: false }), nice: false, domain: [low, high] };
  const axis = log ? { values: logTicks(low, high), format: '~g' } : { tickCount: 6 };
  const y = (field: string) => ({ field, type: 'quantitative', title: metric, scale, axis });
  const width = Math.max(480, categories.length * (own.length * slot + 22));
  const line = reference && [
    {
      data: { values: [reference] },
      mark: { type: 'rule', strokeDash: [6, 4], color: ink.text },
      encoding: { y: y('value') },
    },
    {
      data: { values: [reference] },
      mark: { type: 'text', align: 'left', dx: 6, color: ink.text },
      encoding: {
        x: { value: width },
        y: y('value'),
        text: { field: 'label' },
      },
    },
  ];
  return {
    title: { text: title, fontSize: 13, anchor: 'middle', frame: 'group', offset: 6 },
    width,
    height,
    layer: [
      ...(line ?? []),
      {
        data: { values: dots },
        mark: { type: 'rule', strokeWidth: 2.5, opacity: 0.6 },
        encoding: { ...place, y: y('low'), y2: { field: 'high' }, color },
      },
      {
        data: { values: dots },
        mark: { type: 'point', filled: true, size: 70, opacity: 1 },
        encoding: { ...place, y: y('mean'), color },
      },
    ],
  };
};

/**
 * A metric for each category, as for each class: a dot for the mean over seeds, a line for their range, one colour a series;
 * panels one below the other with their own y axes.
 * @throws ArgumentError without panels
 */
export const dotPanels = ({ title, subtitle, panels }: DotPanelsOptions): ChartSpec => {
  if (panels.length === 0) fail('dotPanels', 'panels', 'at least one', panels);
  const series = [...new Set(panels.flatMap(({ values }) => values.map(value => value.series)))];
  return {
    ...chartHead(title, subtitle),
    spacing: 24,
    vconcat: panels.map(panel => plot(panel, series)),
    resolve: { legend: { color: 'shared' }, scale: { xOffset: 'independent' } },
  };
};
