import * as tf from '@tensorflow/tfjs-core';

/** Whether TensorFlow.js' native backend has been loaded and computes on a GPU. */
export const nativeGpu = (): boolean =>
  (tf.findBackend('tensorflow') as { isUsingGpuDevice?: boolean } | null)?.isUsingGpuDevice === true;
