import { expectOneOf } from '../compute/check';
import { CheckpointError } from './checkpoint-error';
import { fromBfloat16, fromFloat16 } from './half-floats';
import type { HostTensor } from './host-tensor';

/** What floating-point tensors can be widened to. */
export const FLOAT_TYPES = ['stored', 'F32', 'F64'] as const;
/** What integer tensors can be widened to. */
export const INTEGER_TYPES = ['stored', 'I32', 'I64', 'F32'] as const;

/** Which element types tensors are given; booleans stay what they are. */
export type Widening = {
  /** Default 'stored': F16, BF16, F32, F64 as in the file. */
  floats?: (typeof FLOAT_TYPES)[number];
  /** Default 'stored': I8 to I64 and U8 to U64 as in the file. */
  integers?: (typeof INTEGER_TYPES)[number];
};

/** Values of a floating-point host tensor; halves as float32, exactly. */
const floatsOf = ({ dtype, data }: HostTensor): Float32Array | Float64Array => {
  if (dtype === 'F16') return fromFloat16(data as Uint16Array);
  if (dtype === 'BF16') return fromBfloat16(data as Uint16Array);
  return data as Float32Array | Float64Array;
};

/** @throws CheckpointError 'integer-range' for an integer that the type does not hold. */
const checked = (name: string, values: ArrayLike<number | bigint>, fits: (value: number | bigint) => boolean): void => {
  for (let i = 0; i < values.length; i++)
    if (!fits(values[i]))
      throw new CheckpointError('integer-range', `tensor '${name}' holds ${values[i]}, which does not fit`);
};

/**
 * A tensor in the element type asked for: halves are widened exactly, F64 to F32 rounds to nearest.
 * @throws CheckpointError 'integer-range' for an integer that does not fit; ArgumentError for an unknown type.
 */
export const widen = (
  name: string,
  tensor: HostTensor,
  { floats = 'stored', integers = 'stored' }: Widening,
): HostTensor => {
  expectOneOf('widen', 'floats', floats, FLOAT_TYPES);
  expectOneOf('widen', 'integers', integers, INTEGER_TYPES);
  const { dtype, shape } = tensor;
  const to = dtype === 'BOOL' ? 'stored' : dtype.includes('F') ? floats : integers;
  if (to === 'stored' || to === dtype) return tensor;
  if (dtype.includes('F')) {
    const values = floatsOf(tensor);
    return { dtype: to, shape, data: to === 'F64' ? Float64Array.from(values) : Float32Array.from(values) };
  }
  const values = tensor.data as ArrayLike<number | bigint>;
  if (to === 'I32') {
    checked(name, values, value => Number(value) === (Number(value) | 0));
    return { dtype: to, shape, data: Int32Array.from(values, Number) };
  }
  if (to === 'I64') {
    checked(name, values, value => BigInt.asIntN(64, BigInt(value)) === BigInt(value));
    return { dtype: to, shape, data: BigInt64Array.from(values, BigInt) };
  }
  checked(name, values, value => Math.abs(Number(value)) <= 2 ** 24); // beyond, float32 skips integers
  return { dtype: 'F32', shape, data: Float32Array.from(values, Number) };
};
