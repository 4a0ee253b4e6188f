import type { Images } from '../compute/host-arrays';
import { dispose } from '@tensorflow/tfjs-core';
import { expectInteger, expectKeys, fail } from '../compute/check';
import type { Tensors } from '../compute/tensors';
import { expectByteImages, networkUnits } from '../datasets';
import type { Extracted, ExtractOptions, FeatureExtractor } from '../metrics';
import { CLASSES, classify, FEATURES, RESOLUTION } from './digit-classifier';

const BATCH = 250;

const extract = async (
  parameters: Tensors,
  images: Images,
  { batch = BATCH, signal, onImages }: ExtractOptions,
): Promise<Extracted> => {
  const { data, n } = images;
  const features = { data: new Float32Array(n * FEATURES), n, d: FEATURES };
  const logits = { data: new Float32Array(n * CLASSES), n, d: CLASSES };
  const size = RESOLUTION * RESOLUTION;
  for (let first = 0; first < n; first += batch) {
    signal?.throwIfAborted();
    const count = Math.min(batch, n - first);
    const pixels = networkUnits(data.subarray(first * size, (first + count) * size));
    const made = await classify(parameters, pixels, count, { batch: count });
    features.data.set(made.features.data, first * FEATURES);
    logits.data.set(made.logits.data, first * CLASSES);
    onImages?.(first + count, n);
    await new Promise(resolve => setImmediate(resolve)); // lets an interrupt in
  }
  return { features, logits };
};

/**
 * The digit classifier as a feature network for grey 16 x 16 images, on the TensorFlow.js backend in use. It owns the
 * parameters, whose file has the hash `sha256`, until it is disposed of.
 */
export const digitFeatures = (parameters: Tensors, sha256: string): FeatureExtractor => {
  let disposed = false;
  return {
    name: 'digit classifier',
    d: FEATURES,
    classes: CLASSES,
    sha256,
    preprocessing: `no resize, range [-1, 1], float32 NHWC grey ${RESOLUTION}x${RESOLUTION}, output hidden`,
    extract: async (images, options = {}) => {
      expectByteImages('extract', images);
      expectKeys('extract', options, ['batch', 'signal', 'onImages']);
      const { n, h, w, c } = images;
      expectInteger('extract', 'images.n', n, { min: 1 });
      if (options.batch !== undefined) expectInteger('extract', 'batch', options.batch, { min: 1 });
      if (h !== RESOLUTION || w !== RESOLUTION || c !== 1)
        fail('extract', 'images', `of shape [${n}, ${RESOLUTION}, ${RESOLUTION}, 1], drawn digits`, [n, h, w, c]);
      if (disposed) fail('extract', 'the digit classifier', 'in use', 'one that has been disposed of');
      return extract(parameters, images, options);
    },
    dispose: () => {
      if (!disposed) dispose(parameters);
      disposed = true;
      return Promise.resolve();
    },
  };
};
