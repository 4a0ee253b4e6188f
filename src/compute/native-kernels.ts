/*
 * libtensorflow's kernels of TensorFlow.js know the paddings 'same' and 'valid' of a convolution, and count axes from the
 * first: other paddings are put around the image here, and an axis that is counted from the last is turned.
 */
import * as tf from '@tensorflow/tfjs-core';
import { type Kernel, original, replace } from './kernels';

const BACKEND = 'tensorflow';

type Sides = [number, number][];

/** What is put around [B, H, W, C]; nothing where the kernel pads itself. */
const sidesOf = ({ pad, dataFormat }: Record<string, unknown>): Sides | undefined => {
  if (dataFormat === 'NCHW') return undefined;
  if (typeof pad !== 'number') return Array.isArray(pad) ? (pad as Sides) : undefined;
  return [0, pad, pad, 0].map(n => [n, n]);
};

/** A kernel that has an image `x`. */
const ofPadded = (kernelName: string): void => {
  const shipped = original(kernelName, BACKEND);
  replace(kernelName, BACKEND, (inputs, attrs) => {
    const sides = sidesOf(attrs);
    const { x } = inputs;
    return shipped({
      inputs: sides ? { ...inputs, x: tf.pad(x, sides) } : inputs,
      attrs: { ...attrs, ...(sides && { pad: 'valid' }) },
      backend: tf.backend(),
    }) as tf.Tensor;
  });
};

/** dX: that of the padded image without its border. */
const conv2DBackpropInput =
  (shipped: tf.KernelFunc): Kernel =>
  (inputs, attrs) => {
    const sides = sidesOf(attrs);
    const shape = attrs.inputShape as number[];
    const wide = sides ? { pad: 'valid', inputShape: shape.map((n, i) => n + sides[i][0] + sides[i][1]) } : {};
    const dx = shipped({ inputs, attrs: { ...attrs, ...wide } as tf.NamedAttrMap, backend: tf.backend() }) as tf.Tensor;
    const begin = sides?.map(([before]) => before);
    return begin ? tf.slice(dx, begin, shape) : dx;
  };

const gather =
  (shipped: tf.KernelFunc): Kernel =>
  (inputs, attrs) => {
    const [axis] = tf.util.parseAxisParam(attrs.axis as number, inputs.x.shape);
    return shipped({ inputs, attrs: { ...attrs, axis }, backend: tf.backend() }) as tf.Tensor;
  };

let done = false;

/** Gives the native backend the paddings and axes that networks use. */
export const registerNativeKernels = (): void => {
  if (done) return;
  done = true;
  for (const name of ['Conv2D', 'FusedConv2D', 'DepthwiseConv2dNative', 'Conv2DBackpropFilter']) ofPadded(name);
  for (const [name, kernel] of Object.entries({ Conv2DBackpropInput: conv2DBackpropInput, GatherV2: gather }))
    replace(name, BACKEND, kernel(original(name, BACKEND)));
};
