import { type HostSamples, resize, toBytes } from '../datasets';
import type { Images } from '../metrics';

const SIDE = 16; // pixels, what the digit classifier sees

/**
 * Images [n, H, W, C] in [-1, 1] as bytes for a feature network. Larger grey ones are taken for drawn digits: the digit
 * classifier sees means of their pixels, 16 x 16.
 */
export const judgedImages = ({ data, n, shape }: HostSamples): Images => {
  const [h, w, c] = shape;
  const images = { data: toBytes(data), n, h, w, c };
  return c === 1 && h > SIDE ? resize(images, { height: SIDE, width: SIDE, kernel: 'box' }) : images;
};
