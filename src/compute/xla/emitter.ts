import type { Shape } from '../host-arrays';
import { type DType, splatOf, type Value } from '../graph/graph';
import type { HloBuilder } from './builder';
import type { Hlo, HloType } from './hlo';

/**
 * How exact products are: float32; the accelerator's own format for float32 (TF32 on NVIDIA's cards); or operands rounded
 * to bfloat16. Sums within products and everything else stay float32.
 */
export const PRECISIONS = ['float32', 'tf32', 'bf16'] as const;
export type Precision = (typeof PRECISIONS)[number];

/** Precisions to choose from; float32 sums and master weights in all of them. */
export const PRECISION_NAMES = ['auto', ...PRECISIONS] as const;
export type PrecisionName = (typeof PRECISION_NAMES)[number];

/** What the emitters of one lowering share. */
export type Emission = {
  readonly builder: HloBuilder;
  readonly precision: Precision;
  /** The written form of a value that was emitted before; splats are written where they are first needed. */
  readonly of: (value: Value) => Hlo;
};

/** Writes one value of the graph as operations; returns the result. */
export type Emitter = (value: Value, emission: Emission) => Hlo;
export type Emitters = Readonly<Record<string, Emitter>>;

const TYPES: Record<DType, HloType> = { float32: 'f32', int32: 'i32', bool: 'i1' };

export const typeOf = ({ dtype }: { dtype: DType }): HloType => TYPES[dtype];

/** An operand in the shape that the operation has. */
export const operand = (x: Value, shape: Shape, { builder, of }: Emission): Hlo => {
  const splat = splatOf(x);
  return splat === undefined ? builder.broadcast(of(x), shape) : builder.splat(splat, shape, typeOf(x));
};
