import { fail } from '../compute/check';
import type { Picture } from './figure';
import { onlyPicked, pickedText, type Slider, sliderParams } from './slider';
import { chartHead, type ChartSpec, ink } from './theme';

/** Options of `picturesBySlider`. */
export type PicturesOptions = {
  title: string;
  subtitle?: string;
  slider: Slider;
  /** One for each value of the slider's option, all of one size: `imageGrid`'s, without a title of their own. */
  pictures: readonly (Pick<Picture, 'png'> & { option: number })[];
};

/** Pictures are drawn at twice their size on screen. */
const pixelRatio = 2;

/** [width, height] in the header of a PNG. */
const sizeOf = (png: Buffer): [number, number] => [png.readUInt32BE(16), png.readUInt32BE(20)];

/**
 * Pictures of which a slider shows one: an interactive form for a figure whose still picture shows them all.
 * @throws ArgumentError for fewer than two pictures and for pictures of different sizes
 * @example
 * const pictures = await Promise.all([1, 2, 4].map(async steps => {
 *   return { option: steps, ...(await imageGrid({ images: await run.sample({ seeds, steps }) })) };
 * }));
 * picturesBySlider({ title: 'From the same noise', slider: { option: 'steps' }, pictures });
 */
export const picturesBySlider = ({ title, subtitle, slider, pictures }: PicturesOptions): ChartSpec => {
  const where = 'picturesBySlider';
  const options = pictures.map(({ option }) => option);
  const params = sliderParams(where, slider, options);
  const [[pngWidth, pngHeight], ...others] = pictures.map(({ png }) => sizeOf(png));
  for (const [i, size] of others.entries())
    if (size[0] !== pngWidth || size[1] !== pngHeight)
      fail(where, `size of pictures[${i + 1}]`, `${pngWidth} x ${pngHeight}`, size.join(' x '));
  const [width, height] = [pngWidth / pixelRatio, pngHeight / pixelRatio];
  const urls = pictures.map(({ option, png }) => ({ option, url: `data:image/png;base64,${png.toString('base64')}` }));
  const middle = { x: { value: width / 2 }, y: { value: height / 2 } };
  return {
    ...chartHead(title, subtitle),
    params,
    width,
    height,
    layer: [
      {
        data: { values: urls },
        transform: [onlyPicked('option')],
        mark: { type: 'image', width, height },
        encoding: { ...middle, url: { field: 'url', type: 'nominal' } },
      },
      {
        data: { values: [{}] },
        mark: {
          type: 'text',
          text: pickedText(slider),
          align: 'right',
          fontSize: 14,
          fontWeight: 600,
          color: ink.text,
        },
        encoding: { x: { value: width - 12 }, y: { value: 6 } },
      },
    ],
    view: { stroke: null },
  };
};
