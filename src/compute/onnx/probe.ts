/* Which convolutions this processor has, found by trying: the blocked operators are ONNX Runtime's own affair. */
import { shapeSize } from '../host-arrays';
import * as tf from '@tensorflow/tfjs-core';
import { expectOneOf, UnavailableError } from '../check';
import { trace } from '../graph';
import type { Tensors } from '../tensors';
import { lower } from './lower';
import { PORTABLE, type Target } from './lowering';
import { BLOCKED } from './onnx-builder';
import { encodeOnnx } from './onnx-file';
import { runtime, SESSION_OPTIONS } from './runtime';
import { feed, openSession } from './session';

/** Where the second pixel of a channel lies after a reordering tells the block's size: 8, 16, or 0 where there is none. */
const blockOf = async (): Promise<number> => {
  const { InferenceSession, Tensor } = runtime();
  const shape = [1, 32, 1, 2];
  const value = (name: string) => ({ name, type: 'float32' as const, shape });
  const model = encodeOnnx({
    nodes: [{ op: 'ReorderInput', domain: BLOCKED, inputs: ['x'], outputs: ['y'], attributes: {} }],
    inputs: [value('x')],
    outputs: [value('y')],
    initializers: [],
  });
  try {
    const session = await InferenceSession.create(model, { ...SESSION_OPTIONS, logSeverityLevel: 4 });
    const x = Float32Array.from({ length: 64 }, (_, i) => i); // channel c has 2c, 2c + 1
    const { y } = await session.run({ x: new Tensor('float32', x, shape) });
    await session.release();
    const second = (y.data as Float32Array).indexOf(1);
    return second === 8 || second === 16 ? second : 0;
  } catch {
    return 0;
  }
};

const SHAPES = { x: [2, 6, 5, 3], filter: [3, 3, 3, 5], dy: [2, 6, 5, 5] };

/** A convolution and both of its gradients. */
const convolutions = ({ x, filter, dy }: Tensors): Tensors => {
  const [dx, dFilter] = tf.grads((a: tf.Tensor, b: tf.Tensor) =>
    tf.sum(tf.mul(tf.conv2d(a as tf.Tensor4D, b as tf.Tensor4D, 1, 'same'), dy)),
  )([x, filter]);
  return { y: tf.conv2d(x as tf.Tensor4D, filter as tf.Tensor4D, 1, 'same'), dx, dFilter };
};

/** Whether blocked convolutions give what standard ones give. */
const agrees = async (block: number): Promise<boolean> => {
  const traced = trace(convolutions, SHAPES);
  const run = async (target: Target): Promise<number[]> => {
    const session = await openSession(lower(traced, target));
    const values = Object.entries(SHAPES).map(([name, shape], i) => [
      name,
      Float32Array.from({ length: shapeSize(shape) }, (_, j) => Math.sin((i + 1) * (j + 1))),
    ]);
    feed(session, Object.fromEntries(values) as Record<string, Float32Array>);
    await session.run();
    const results = ['y', 'dx', 'dFilter'].flatMap(name => Array.from(session.output(name)));
    await session.dispose();
    return results;
  };
  try {
    const [ours, standard] = [await run({ block, extended: true, maxParts: Infinity }), await run(PORTABLE)];
    return ours.every((value, i) => Math.abs(value - standard[i]) < 1e-4);
  } catch {
    return false;
  }
};

let probing: Promise<number> | undefined;

/** Channels in a block of this processor's blocked convolutions: 8, 16, or 0 where there are none that can be trusted. */
export const probeBlock = (): Promise<number> =>
  (probing ??= blockOf()
    .then(async block => (block > 0 && (await agrees(block)) ? block : 0))
    .catch((error: unknown) => {
      probing = undefined; // nothing was found out
      throw error;
    }));

/** The lowerings to choose from: what the processor is best at, or standard ONNX only. */
const LOWERINGS = ['auto', 'blocked', 'portable'] as const;
export type LoweringName = (typeof LOWERINGS)[number];

/**
 * What to lower for on this machine; the environment variable COSIM_LOWERING, unless it is empty, overrides `auto`.
 * @throws ArgumentError for another name; UnavailableError when blocked convolutions are asked for and the processor has none.
 */
export const targetFor = async (name: LoweringName = 'auto'): Promise<Target> => {
  const { COSIM_LOWERING: variable = '' } = process.env;
  const asked =
    name === 'auto' && variable !== ''
      ? expectOneOf('COSIM_LOWERING', 'lowering', variable, LOWERINGS)
      : expectOneOf('targetFor', 'lowering', name, LOWERINGS);
  if (asked === 'portable') return PORTABLE;
  const block = await probeBlock();
  if (asked === 'blocked' && block === 0)
    throw new UnavailableError('this processor has no blocked convolutions (lowering)');
  return { block, extended: true, maxParts: Infinity };
};
