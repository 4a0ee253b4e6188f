import { ArgumentError, expectInteger, expectOneOf, fail } from '../compute/check';
import type { Axis } from './curves-plot';
import { chartHead, type ChartSpec, ink } from './theme';
import { logTicks } from './ticks';

/** One value of a series: predicted ones are joined to a line, measured ones are dots. */
export type PanelValue = { series: string; x: number; y: number };

/** A level of the y axis, or of the x axis, that values are read against; named at its end. */
export type PanelRule = { x?: number; y?: number; label?: string };

/** One plot: what was predicted or bounded, and what was measured. */
export type MeasuredPanel = {
  title: string;
  x: Axis;
  y: Axis;
  /** Lines. */
  predicted?: readonly PanelValue[];
  /** Dashed lines. */
  bounds?: readonly PanelValue[];
  /** Dots. */
  measured?: readonly PanelValue[];
  rules?: readonly PanelRule[];
};

/** Options of `measuredPanels`. */
export type MeasuredOptions = {
  title: string;
  /** Says what lines, dashes and dots are. */
  subtitle?: string;
  panels: readonly MeasuredPanel[];
  /** Panels in a row, default all. */
  columns?: number;
  /** 'own': each panel has its colours and a legend below it; default one for all. */
  legends?: 'shared' | 'own';
  /** Width of one plot in pixels, default 270. */
  width?: number;
  /** Height of one plot in pixels, default 240. */
  height?: number;
};

const round = (value: number): number => Number(value.toPrecision(5));

const scaleOf = ({ log = false }: Axis, values: readonly number[]): ChartSpec =>
  log
    ? { type: 'log', nice: false, domain: [Math.min(...values) / 1.15, Math.max(...values) * 1.15] }
    : { zero: false, nice: false, padding: 8 };

/** Ticks of an axis; of a logarithmic one its few positions, or those of `logTicks`. */
const ticksOf = (field: 'x' | 'y', { log = false }: Axis, values: readonly number[]): ChartSpec => {
  const positions = [...new Set(values)];
  if (!log) return { tickCount: 6 };
  if (field === 'x' && positions.length <= 6) return { values: positions.map(round) };
  return { values: logTicks(Math.min(...values) / 1.15, Math.max(...values) * 1.15) };
};

const panelSpec = (
  panel: MeasuredPanel,
  size: { width: number; height: number },
  { series, own }: { series: string[]; own: boolean },
): ChartSpec => {
  const { title, x, y, predicted = [], bounds = [], measured = [], rules = [] } = panel;
  const values = [...predicted, ...bounds, ...measured];
  for (const value of values)
    if (!Number.isFinite(value.x) || !Number.isFinite(value.y) || (x.log && value.x <= 0) || (y.log && value.y <= 0))
      throw new ArgumentError(`measuredPanels: cannot place ${JSON.stringify(value)} in '${title}'.`);
  const color = {
    field: 'series',
    type: 'nominal',
    scale: { domain: series },
    legend:
      series.length > 1
        ? { symbolType: 'circle', symbolStrokeWidth: 0, ...(own ? { orient: 'bottom', columns: 1 } : {}) }
        : null,
  };
  const axis = (field: 'x' | 'y', { title: name, log }: Axis, all: readonly number[]) => ({
    field,
    type: 'quantitative',
    title: name,
    scale: scaleOf({ title: name, log }, all),
    axis: { ...ticksOf(field, { title: name, log }, all), format: '~g' },
  });
  const of = (given: readonly PanelValue[]) => ({
    values: given.map(value => ({ ...value, x: round(value.x), y: round(value.y) })),
  });
  const encoding = {
    x: axis('x', x, [...values.map(value => value.x), ...rules.flatMap(rule => rule.x ?? [])]),
    y: axis('y', y, [...values.map(value => value.y), ...rules.flatMap(rule => rule.y ?? [])]),
  };
  const ruled = (field: 'x' | 'y', other: 'x' | 'y'): ChartSpec[] =>
    rules
      .filter(rule => rule[field] !== undefined)
      .flatMap(rule => {
        const data = { values: [{ [field]: rule[field], label: rule.label ?? '' }] };
        const text = { type: 'text', align: 'left', color: ink.muted, fontSize: 11 };
        // a level is named beyond the right end, a position along its line from the bottom up
        const place = field === 'y' ? { dx: 5, baseline: 'middle' } : { angle: 270, dx: 5, dy: -3, baseline: 'bottom' };
        const end = { value: field === 'y' ? size.width : size.height };
        return [
          { data, mark: { type: 'rule', color: ink.axis, strokeDash: [2, 3] }, encoding: { [field]: encoding[field] } },
          {
            data,
            mark: { ...text, ...place },
            encoding: { [field]: encoding[field], [other]: end, text: { field: 'label' } },
          },
        ];
      });
  const line = { type: 'line', strokeWidth: 2, strokeJoin: 'round', clip: true };
  return {
    ...size,
    title: { text: title, fontSize: 13, anchor: 'middle', frame: 'group', offset: 6 },
    layer: [
      ...ruled('y', 'x'),
      ...ruled('x', 'y'),
      { data: of(predicted), mark: line, encoding: { ...encoding, color } },
      { data: of(bounds), mark: { ...line, strokeDash: [6, 4] }, encoding: { ...encoding, color } },
      {
        data: of(measured),
        mark: { type: 'point', filled: true, size: 30, opacity: 0.75 },
        encoding: { ...encoding, color },
      },
    ],
    resolve: { legend: { color: 'shared' } },
    view: { stroke: ink.grid },
  };
};

/**
 * What was measured beside what was predicted: plots with lines for predictions, dashed lines for bounds and dots for
 * measurements, each with its own axes; a series has one colour in all of them.
 * @throws ArgumentError without panels or for a value that a chart cannot place
 */
export const measuredPanels = (given: MeasuredOptions): ChartSpec => {
  const { title, subtitle, panels, columns = panels.length, legends = 'shared', width = 270, height = 240 } = given;
  if (panels.length === 0) fail('measuredPanels', 'panels', 'at least one', panels);
  expectInteger('measuredPanels', 'columns', columns, { min: 1 });
  expectOneOf('measuredPanels', 'legends', legends, ['shared', 'own']);
  const seriesOf = (some: readonly MeasuredPanel[]): string[] => [
    ...new Set(
      some
        .flatMap(({ predicted = [], bounds = [], measured = [] }) => [...predicted, ...bounds, ...measured])
        .map(value => value.series),
    ),
  ];
  const own = legends === 'own';
  return {
    ...chartHead(title, subtitle),
    spacing: 26,
    columns,
    concat: panels.map(panel => panelSpec(panel, { width, height }, { series: seriesOf(own ? [panel] : panels), own })),
    resolve: own
      ? { scale: { color: 'independent' }, legend: { color: 'independent' } }
      : { legend: { color: 'shared' } },
  };
};
