import type { Images, Samples } from '../compute/host-arrays';
import { resize, toBytes } from '../datasets';

/** Images [n, H, W, C] in [-1, 1] as the bytes that they would be stored as. */
export const imageBytes = ({ data, n, shape: [h, w, c] }: Samples): Images => ({ data: toBytes(data), n, h, w, c });

const SIDE = 16; // pixels, what the digit classifier sees

/**
 * Images [n, H, W, C] in [-1, 1] as bytes for a feature network. Larger grey ones are taken for drawn digits: the digit
 * classifier sees means of their pixels, 16 x 16.
 */
export const featureImages = (samples: Samples): Images => {
  const images = imageBytes(samples);
  return images.c === 1 && images.h > SIDE ? resize(images, { height: SIDE, width: SIDE, kernel: 'box' }) : images;
};
