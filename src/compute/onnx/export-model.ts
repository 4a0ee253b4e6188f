import type { HostArray, Shape } from '../host-arrays';
import { type TensorFunction, trace, traceTwice } from '../graph';
import { bindWeights } from './bind-weights';
import { dynamicBatch, FixedBatchError } from './dynamic-batch';
import { lower } from './lower';
import { PORTABLE } from './lowering';
import type { OnnxModel } from './onnx-file';

/** A function to be written as a model of its own. */
export type Exported = {
  /** Of its inputs and weights together. */
  f: TensorFunction;
  inputs: (batch: number) => Record<string, Shape>;
  /** Become part of the model. */
  weights: Readonly<Record<string, HostArray>>;
};

/**
 * The function in standard ONNX, for any batch size where that can be written, else for `fixed` samples.
 * @param batch the only batch size that the model is for; absent: any
 * @returns the model, its batch size, and where that is fixed although any was asked for, the reason.
 * @throws TraceError where f cannot be traced, or has chance inside.
 */
export const exportModel = (
  { f, inputs, weights }: Exported,
  { batch, fixed = 1 }: { batch?: number; fixed?: number } = {},
): { model: OnnxModel; batch: 'any' | number; reason?: string } => {
  const shapes = Object.fromEntries(Object.entries(weights).map(([name, { shape }]) => [name, shape]));
  // Shapes on the way are stated: with a free batch, ONNX Runtime plans its memory in quadratic time without them.
  const lowerAt = (n: number, record = trace): OnnxModel =>
    lower(record(f, { ...inputs(n), ...shapes }), PORTABLE, { annotate: true });
  const fixedAt = (n: number): OnnxModel => bindWeights(lowerAt(n, traceTwice), weights);
  if (batch !== undefined) return { model: fixedAt(batch), batch };
  try {
    const free = dynamicBatch(n => lowerAt(n));
    return { model: bindWeights(free, weights), batch: 'any' };
  } catch (error) {
    if (!(error instanceof FixedBatchError)) throw error;
    return { model: fixedAt(fixed), batch: fixed, reason: error.message };
  }
};
