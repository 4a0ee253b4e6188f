import { expectInteger, fail } from '../compute/check';
import { curvesPlot, type CurvesPlot, legendClicks, seriesOf, slidingOver } from './curves-plot';
import type { Slider } from './slider';
import { chartHead, type ChartSpec } from './theme';

/** Options of `curvePanels`. */
export type CurvePanelsOptions = {
  title: string;
  subtitle?: string;
  panels: readonly (CurvesPlot & { title: string })[];
  /** Plots in a row, default all. */
  columns?: number;
  /** Width of one plot in pixels, default 250. */
  width?: number;
  /** Height of one plot in pixels, default 240. */
  height?: number;
  /** Picks in all plots what is drawn in full, by the points' `option`; all else is faded. */
  slider?: Slider;
};

/**
 * Plots of curves in rows, each with its own axes; a series has the same colour in all of them.
 * @throws ArgumentError without panels, for columns below 1, and as `curvesWithSpread`
 */
export const curvePanels = (options: CurvePanelsOptions): ChartSpec => {
  const { title, subtitle, panels, columns = panels.length, width = 250, height = 240 } = options;
  const where = 'curvePanels';
  if (panels.length === 0) fail(where, 'panels', 'at least one', panels);
  expectInteger(where, 'columns', columns, { min: 1 });
  const points = panels.flatMap(panel => panel.points);
  const series = seriesOf(points);
  const names = panels.map((_, i) => `plot${i + 1}`);
  const [slider, sliding] = slidingOver(where, options.slider, points);
  const params = [...sliding, ...(series.length > 1 ? [legendClicks(names)] : [])];
  return {
    ...chartHead(title, subtitle),
    ...(params.length > 0 && { params }),
    spacing: 28,
    columns,
    concat: panels.map(({ title: text, ...plot }, i) => ({
      title: { text, fontSize: 13, anchor: 'middle', frame: 'group', offset: 6 },
      ...curvesPlot(where, plot, { width, height }, { series, slider, name: names[i] }),
    })),
    resolve: { legend: { color: 'shared' } },
  };
};
