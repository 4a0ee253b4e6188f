/* Images made worse in known ways, to see what a metric makes of it. Axis letters: [n, H, W, C]. */
import { shapeSize } from '../compute/host-arrays';
import sharp from 'sharp';
import { expectNumber, fail } from '../compute/check';
import { normal } from '../compute/noise';
import type { Dataset } from './dataset';

/** A data set whose images are changed one by one; `index` is the image's place. */
const changed = (
  where: string,
  dataset: Dataset,
  provenance: Readonly<Record<string, number>>,
  change: (image: Uint8Array, index: number) => Promise<Uint8Array>,
): Dataset => {
  const { name, sampleShape } = dataset;
  if (sampleShape.length !== 3) fail(where, `samples of '${name}'`, 'images [H, W, C]', sampleShape);
  const size = shapeSize(sampleShape);
  return {
    ...dataset,
    provenance: { ...dataset.provenance, ...provenance },
    batch: async indices => {
      const { x, labels } = await dataset.batch(indices);
      const bytes = x instanceof Uint8Array ? x : fail(where, `samples of '${name}'`, 'images in bytes', x);
      const images = await Promise.all(
        indices.map((index, i) => change(bytes.subarray(i * size, (i + 1) * size), index)),
      );
      const result = new Uint8Array(bytes.length);
      images.forEach((image, i) => result.set(image, i * size));
      return { x: result, labels };
    },
  };
};

/**
 * Images with Gaussian noise of a deviation in bytes, rounded and clipped; image i always gets the same noise.
 * @throws ArgumentError for a negative deviation or samples that are no images
 */
export const noisy = (dataset: Dataset, deviation: number, { seed = 0 } = {}): Dataset => {
  expectNumber('noisy', 'deviation', deviation, { min: 0 });
  return changed('noisy', dataset, { noise: deviation, noiseSeed: seed }, (image, index) => {
    const noise = normal({ seed, stream: 'datasets.noisy', sample: index }, image.length);
    return Promise.resolve(image.map((byte, k) => Math.max(0, Math.min(255, Math.round(byte + deviation * noise[k])))));
  });
};

/** libvips blurs by nothing below this deviation. */
const LEAST_BLUR = 0.3;

/**
 * Images blurred by a Gaussian of a deviation in pixels.
 * @throws ArgumentError for a deviation that is neither 0 nor between 0.3 and 1000, or samples that are no images
 */
export const blurred = (dataset: Dataset, deviation: number): Dataset => {
  expectNumber('blurred', 'deviation', deviation, { min: deviation === 0 ? 0 : LEAST_BLUR, max: 1000 });
  const [height, width, C] = dataset.sampleShape;
  const channels = C === 1 ? 1 : 3;
  return changed('blurred', dataset, { blur: deviation }, async image => {
    if (deviation === 0) return image;
    const picture = sharp(image, { raw: { width, height, channels } }).blur({
      sigma: deviation,
      precision: 'float',
      minAmplitude: 0.001,
    });
    return (await picture
      .toColourspace(C === 1 ? 'b-w' : 'srgb')
      .raw()
      .toBuffer()) as Uint8Array; // sharp's own type needs newer types of Node
  });
};
