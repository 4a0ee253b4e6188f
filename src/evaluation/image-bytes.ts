import { type HostSamples, resize, toBytes } from '../datasets';
import type { Images } from '../metrics';

/** Images [n, H, W, C] in [-1, 1] as the bytes that they would be stored as. */
export const imageBytes = ({ data, n, shape: [h, w, c] }: HostSamples): Images => ({ data: toBytes(data), n, h, w, c });

const SIDE = 16; // pixels, what the digit classifier sees

/**
 * Images [n, H, W, C] in [-1, 1] as bytes for a feature network. Larger grey ones are taken for drawn digits: the digit
 * classifier sees means of their pixels, 16 x 16.
 */
export const featureImages = (samples: HostSamples): Images => {
  const images = imageBytes(samples);
  return images.c === 1 && images.h > SIDE ? resize(images, { height: SIDE, width: SIDE, kernel: 'box' }) : images;
};
