import * as tf from '@tensorflow/tfjs-core';
import { stopGradient } from '../compute/tensors';
import type { LossInputs } from './loss-inputs';
import { sampleScale } from './weights';

/** Per element: xhat sg[F - D] / c, whose gradient is (F - D) / c; [C] c as in CoSIM's first stage, all [B, ...]. */
export const momentLoss = ({ F, xHat, D }: Omit<LossInputs, 's'>): tf.Tensor =>
  tf.mul(xHat, tf.div(stopGradient(tf.sub(F, D)), sampleScale(xHat, D)));
