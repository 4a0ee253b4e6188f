import { fail } from '../compute/check';
import { curvesPlot, type CurvesPlot, legendClicks, seriesOf, slidingOver } from './curves-plot';
import { type PickedPicture, withPictureStrip } from './picture-strip';
import type { Slider } from './slider';
import { chartHead, type ChartSpec } from './theme';

/** Options of `curvesWithSpread`. */
export type CurvesOptions = CurvesPlot & {
  /** Title, in one line. */
  title: string;
  /** Line below the title, smaller. */
  subtitle?: string;
  /** Picks what is drawn in full, by the points' `option`; all else is faded. */
  slider?: Slider;
  /** With a slider: shown under the plot, those of the value that it picks. */
  pictures?: readonly PickedPicture[];
};

const size = { width: 560, height: 340 };

/**
 * A metric against training images, one colour a series: the mean over seeds as a line, the range over seeds as a band,
 * each seed as a dot; the real-vs-real floor dashed and the teacher solid, named at the right. Where Vega-Lite is drawn a
 * click on the legend picks a series, and a slider what it says; as a still picture all is there.
 * @throws ArgumentError as `curvesPlot`; for a slider over points without `option`, and pictures without a slider
 */
export const curvesWithSpread = ({ title, subtitle, slider: given, pictures, ...plot }: CurvesOptions): ChartSpec => {
  const where = 'curvesWithSpread';
  const series = seriesOf(plot.points);
  if (pictures !== undefined && given === undefined) fail(where, 'pictures', 'with a slider only', pictures.length);
  const [slider, sliding] = slidingOver(where, given, plot.points);
  const params = [...sliding, ...(series.length > 1 ? [legendClicks(['plot'])] : [])];
  const drawn = curvesPlot(where, plot, size, { series, slider });
  return {
    ...chartHead(title, subtitle),
    ...(params.length > 0 && { params }),
    ...(pictures === undefined || slider === undefined
      ? drawn
      : withPictureStrip(drawn, pictures, { title: plot.x.title, width: size.width })),
  };
};
