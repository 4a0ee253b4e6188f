import { tensor as makeTensor, type DataType, type Tensor } from '@tensorflow/tfjs-core';
import { fail } from '../compute/check';
import { CheckpointError } from './checkpoint-error';
import { fromBfloat16, fromFloat16 } from './half-floats';
import type { HostTensor } from './host-tensor';
import { fromReference, toReference } from './layout';
import { readSafetensors, writeSafetensors } from './safetensors';

/** Values of a floating-point host tensor as float32: F16 and BF16 widened exactly, F64 rounded to nearest. */
export const toFloat32 = ({ dtype, data }: HostTensor): Float32Array => {
  if (dtype === 'F32') return data as Float32Array;
  if (dtype === 'F64') return Float32Array.from(data as Float64Array);
  if (dtype === 'F16') return fromFloat16(data as Uint16Array);
  if (dtype === 'BF16') return fromBfloat16(data as Uint16Array);
  return fail('toFloat32', 'dtype', 'a floating-point type', dtype);
};

const toInt32 = (name: string, { data }: HostTensor): Int32Array =>
  Int32Array.from(data as ArrayLike<number | bigint>, value => {
    const number = Number(value);
    if (number !== (number | 0))
      throw new CheckpointError('integer-range', `tensor '${name}' holds ${value}, which does not fit into 32 bits`);
    return number;
  });

/** Values and tfjs type of a host tensor: floats as float32, integers as int32, booleans as bool. */
const valuesOf = (name: string, tensor: HostTensor): [Float32Array | Int32Array | Uint8Array, DataType] => {
  if (tensor.dtype === 'BOOL') return [tensor.data as Uint8Array, 'bool'];
  return tensor.dtype.includes('F') ? [toFloat32(tensor), 'float32'] : [toInt32(name, tensor), 'int32'];
};

const hostTensor = async (name: string, tensor: Tensor): Promise<HostTensor> => {
  const { dtype, shape } = tensor;
  const data = await tensor.data();
  if (dtype === 'float32') return { dtype: 'F32', shape, data: data as Float32Array };
  if (dtype === 'int32') return { dtype: 'I32', shape, data: data as Int32Array };
  if (dtype === 'bool') return { dtype: 'BOOL', shape, data: data as Uint8Array };
  return fail('saveTensors', `dtype of '${name}'`, 'float32, int32 or bool', dtype);
};

/**
 * Writes named tensors as a safetensors file, atomically, weights in PyTorch's layout (see layout.ts: tensors of rank 2
 * and 4 are transposed). The tensors stay the caller's.
 * @throws ArgumentError for a dtype that has no place in the file; Node's error if it cannot be written.
 */
export const saveTensors = async (
  path: string,
  tensors: Record<string, Tensor>,
  metadata: Record<string, string> = {},
): Promise<void> => {
  const named = Object.entries(tensors).map(async ([name, tensor]): Promise<[string, HostTensor]> => [
    name,
    toReference(await hostTensor(name, tensor)),
  ]);
  await writeSafetensors(path, Object.fromEntries(await Promise.all(named)), metadata);
};

/** Named tensors and the strings stored with them; neither record has a prototype. */
export type TensorsFile = { tensors: Record<string, Tensor>; metadata: Record<string, string> };

/**
 * Reads a safetensors file into tensors on the current backend, weights turned from PyTorch's layout into tfjs's.
 * F16, BF16 and F64 become float32; integers become int32. The tensors are the caller's, who disposes them.
 * @throws CheckpointError for a malformed file or an integer beyond 32 bits; no tensor is left behind then.
 */
export const loadTensors = async (path: string): Promise<TensorsFile> => {
  const { tensors: host, metadata } = await readSafetensors(path);
  const values = Object.entries(host).map(([name, reference]) => {
    const tensor = fromReference(reference);
    return { name, shape: tensor.shape, values: valuesOf(name, tensor) };
  });
  const tensors = Object.create(null) as Record<string, Tensor>;
  for (const {
    name,
    shape,
    values: [data, dtype],
  } of values)
    tensors[name] = makeTensor(data, shape, dtype);
  return { tensors, metadata };
};
