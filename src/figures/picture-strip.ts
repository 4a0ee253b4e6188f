import type { Samples } from '../compute/host-arrays';
import { onlyPicked } from './slider';
import type { ChartSpec } from './theme';
import { thumbnail } from './thumbnail';

/** A small picture of what one value of a slider's option gave, at one place of the x axis. */
export type PickedPicture = {
  /** Value of the slider's option. */
  option: number;
  x: number;
  /** `data:` URL, as `thumbnail` makes it. */
  url: string;
};

/**
 * Samples as small pictures for a chart with a slider; none of samples that have no picture, such as latents.
 * @example
 * const pictures = await pickedPictures(drawn.map(({ coef: option, images: x, samples }) => ({ option, x, samples })));
 */
export const pickedPictures = async (
  rows: readonly { option: number; x: number; samples: Samples }[],
): Promise<PickedPicture[]> => {
  const pictures: PickedPicture[] = [];
  for (const { option, x, samples } of rows) {
    const url = await thumbnail(samples);
    if (url !== undefined) pictures.push({ option, x, url });
  }
  return pictures;
};

/** Largest side of a picture, in pixels. */
const LARGEST = 110;

/** Puts under a plot the pictures that its slider picks, in the order of x. */
export const withPictureStrip = (
  plot: ChartSpec,
  pictures: readonly PickedPicture[],
  { title, width }: { title: string; width: number },
): ChartSpec => {
  const places = [...new Set(pictures.map(({ x }) => x))].sort((a, b) => a - b);
  const side = Math.min(LARGEST, Math.floor(width / Math.max(1, places.length)) - 8);
  const strip: ChartSpec = {
    width,
    height: side,
    data: { values: pictures.map(({ x, ...rest }) => ({ at: x.toLocaleString('en'), ...rest })) },
    transform: [onlyPicked('option')],
    mark: { type: 'image', width: side, height: side },
    encoding: {
      x: {
        field: 'at',
        type: 'ordinal',
        scale: { domain: places.map(x => x.toLocaleString('en')) },
        axis: { title: `samples by ${title}`, labelAngle: 0, domain: false, ticks: false },
      },
      y: { value: side / 2 },
      url: { field: 'url', type: 'nominal' },
    },
    view: { stroke: null },
  };
  return { vconcat: [plot, strip], spacing: 14 };
};
