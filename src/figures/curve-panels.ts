import { fail } from '../compute/check';
import { curvesPlot, type CurvesPlot } from './curves-with-spread';
import { chartHead, type ChartSpec } from './theme';

/** Options of `curvePanels`. */
export type CurvePanelsOptions = {
  title: string;
  subtitle?: string;
  panels: readonly (CurvesPlot & { title: string })[];
  /** Width of one plot in pixels, default 250. */
  width?: number;
  /** Height of one plot in pixels, default 240. */
  height?: number;
};

/**
 * Plots of curves side by side, each with its own axes; a series has the same colour in all of them.
 * @throws ArgumentError without panels, and as `curvesWithSpread`
 */
export const curvePanels = ({ title, subtitle, panels, width = 250, height = 240 }: CurvePanelsOptions): ChartSpec => {
  if (panels.length === 0) fail('curvePanels', 'panels', 'at least one', panels);
  const series = [...new Set(panels.flatMap(({ points }) => points.map(point => point.series)))];
  return {
    ...chartHead(title, subtitle),
    spacing: 28,
    hconcat: panels.map(({ title: name, ...plot }) => ({
      title: { text: name, fontSize: 13, anchor: 'middle', frame: 'group', offset: 6 },
      ...curvesPlot('curvePanels', plot, { width, height }, series),
    })),
    resolve: { legend: { color: 'shared' } },
  };
};
