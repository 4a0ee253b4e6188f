import { expectInteger, expectKeys, fail } from '../compute/check';
import { expectByteImages, resize } from '../datasets';
import type { FeatureExtractor } from '../metrics';

/**
 * The pixels themselves as features, of images shrunk to side x side by box means, in [0, 1]: what a distance sees that
 * knows nothing of pictures. Grey images have side^2 features, coloured ones three times as many.
 * @throws ArgumentError for a side below 1, other channels and unknown options; `extract` rejects images of other channels
 */
export const pixelFeatures = (given: { side?: number; channels?: 1 | 3 } = {}): FeatureExtractor => {
  expectKeys('pixelFeatures', given, ['side', 'channels']);
  const { side = 8, channels = 3 } = given;
  expectInteger('pixelFeatures', 'side', side, { min: 1 });
  if (![1, 3].includes(channels)) fail('pixelFeatures', 'channels', '1 or 3', channels);
  const d = side * side * channels;
  return {
    name: `pixels ${side} × ${side}`,
    d,
    classes: 0,
    sha256: 'none: no weights',
    preprocessing: `box means to ${side}x${side}, [0, 1], NHWC, ${channels} channels`,
    extract: async (images, options = {}) => {
      expectByteImages('extract', images);
      expectKeys('extract', options, ['batch', 'signal', 'onImages']);
      const { batch = 1000, signal, onImages } = options;
      expectInteger('extract', 'images.n', images.n, { min: 1 });
      expectInteger('extract', 'batch', batch, { min: 1 });
      expectInteger('pixelFeatures', 'images.c', images.c, { min: channels, max: channels });
      const { n, h, w, c } = images;
      const size = h * w * c;
      const data = new Float32Array(n * d);
      for (let first = 0; first < n; first += batch) {
        signal?.throwIfAborted();
        const count = Math.min(batch, n - first);
        const part = { data: images.data.subarray(first * size, (first + count) * size), n: count, h, w, c };
        const { data: small } = resize(part, { height: side, width: side, kernel: 'box' });
        for (let i = 0; i < small.length; i++) data[first * d + i] = small[i] / 255;
        onImages?.(first + count, n);
        await new Promise(resolve => setImmediate(resolve)); // a notebook's event loop stays alive
      }
      return { features: { data, n, d } };
    },
    dispose: () => Promise.resolve(),
  };
};
