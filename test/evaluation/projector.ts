import type { Images, Points } from '../../src/compute/host-arrays';
import { normal } from '../../src/compute/noise';
import type { FeatureExtractor } from '../../src/metrics';

const D = 4;

/** Four random directions of the pixels of each image: features whose arithmetic is plain. */
export const projection = ({ data, n, h, w, c }: Images): Points => {
  const size = h * w * c;
  const directions = normal({ seed: 1, stream: 'projection' }, D * size);
  const features = new Float32Array(n * D);
  for (let i = 0; i < n; i++)
    for (let k = 0; k < D; k++) {
      let sum = 0;
      for (let p = 0; p < size; p++) sum += directions[k * size + p] * data[i * size + p];
      features[i * D + k] = sum / size;
    }
  return { data: features, n, d: D };
};

/** A feature extractor without a network, whose features are its logits too; `sizes` has the number of images of each call. */
export const projector = (): FeatureExtractor & { sizes: number[] } => {
  const sizes: number[] = [];
  return {
    name: 'projection',
    d: D,
    classes: D,
    sha256: 'none',
    preprocessing: 'none',
    sizes,
    extract: images => {
      sizes.push(images.n);
      const features = projection(images);
      return Promise.resolve({ features, logits: features });
    },
    dispose: () => Promise.resolve(),
  };
};
