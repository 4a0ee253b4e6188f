/*
 * What flows from node to node. ONNX has images as [B, C, H, W], convolutions here want [B, H, W, C]: an image stays in
 * that order for as long as what follows does not care, so that nothing is transposed between two convolutions.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Constant } from './onnx-graph';

/** A tensor; `channelsLast` where it is an ONNX [B, C, H, W] kept as [B, H, W, C]. */
export type TensorOperand = { tensor: tf.Tensor; channelsLast: boolean };

/** A tensor, or numbers that are known before anything is computed: shapes, axes, paddings. */
export type Operand = TensorOperand | Constant;

export const isConstant = (x: Operand): x is Constant => 'data' in x;

export const inFileOrder = (tensor: tf.Tensor): TensorOperand => ({ tensor, channelsLast: false });
export const imageOf = (tensor: tf.Tensor): TensorOperand => ({ tensor, channelsLast: true });

/** Constants as tensors: one number becomes part of the program. */
export const tensorOf = (x: Operand): TensorOperand =>
  isConstant(x) ? inFileOrder(tf.tensor(Float32Array.from(x.data), x.shape)) : x;

/** A tensor as the file has it. */
export const asFile = (x: Operand): tf.Tensor => {
  const { tensor, channelsLast } = tensorOf(x);
  return channelsLast ? tf.transpose(tensor, [0, 3, 1, 2]) : tensor;
};

/** An image as [B, H, W, C]; tensors of fewer axes get axes of size 1 before them, as broadcasting has it. */
export const asImage = (x: Operand): tf.Tensor4D => {
  const { tensor, channelsLast } = tensorOf(x);
  if (channelsLast) return tensor as tf.Tensor4D;
  const shape = [...Array<number>(4 - tensor.rank).fill(1), ...tensor.shape];
  return tf.transpose(tf.reshape<tf.Rank.R4>(tensor, shape as [number, number, number, number]), [0, 2, 3, 1]);
};

/** The shape that the file means. */
export const fileShape = (x: Operand): number[] => {
  if (isConstant(x)) return x.shape;
  const shape: number[] = [...x.tensor.shape];
  return x.channelsLast ? [shape[0], shape[3], shape[1], shape[2]] : shape;
};
