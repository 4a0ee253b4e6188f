import { Float16Array } from '@petamoriken/float16';
import { tensor as makeTensor, type DataType, type Tensor } from '@tensorflow/tfjs-core';
import { fail } from '../compute/check';
import { expectFinite } from './finite';
import type { HostDtype, HostTensor } from './host-tensor';
import { fromReference, toReference } from './layout';
import { readSafetensors, writeSafetensors } from './safetensors';
import { widen } from './widen';

const hostTensor = async (name: string, tensor: Tensor): Promise<HostTensor> => {
  const { dtype, shape } = tensor;
  const data = await tensor.data();
  if (dtype === 'float32') return { dtype: 'F32', shape, data: data as Float32Array };
  if (dtype === 'int32') return { dtype: 'I32', shape, data: data as Int32Array };
  if (dtype === 'bool') return { dtype: 'BOOL', shape, data: data as Uint8Array };
  return fail('saveTensors', `dtype of '${name}'`, 'float32, int32 or bool', dtype);
};

/** Rounded to the nearest half-precision floats. @throws ArgumentError for a number beyond their range */
const halved = (name: string, { data, shape }: HostTensor): HostTensor => {
  const halves = new Float16Array(data as Float32Array);
  const beyond = (data as Float32Array).findIndex((x, i) => Number.isFinite(x) && !Number.isFinite(halves[i]));
  if (beyond >= 0) fail('saveTensors', `'${name}'`, 'within the range of float16', data[beyond]);
  return { dtype: 'F16', shape, data: new Uint16Array(halves.buffer) };
};

/** Options of `saveTensors`. */
export type SaveTensorsOptions = {
  /** Element type of floats in the file: as they are (default), or half the bytes and 11 bits of precision. */
  floats?: 'F32' | 'F16';
};

/**
 * Writes named tensors as a safetensors file, atomically, weights in PyTorch's layout (see layout.ts: tensors of rank 2
 * and 4 are transposed). The tensors stay the caller's.
 * @throws ArgumentError for a dtype that has no place in the file, and for numbers beyond float16 where that is asked
 * for; Node's error if it cannot be written.
 */
export const saveTensors = async (
  path: string,
  tensors: Record<string, Tensor>,
  metadata: Record<string, string> = {},
  { floats = 'F32' }: SaveTensorsOptions = {},
): Promise<void> => {
  const named = Object.entries(tensors).map(async ([name, tensor]): Promise<[string, HostTensor]> => {
    const host = toReference(await hostTensor(name, tensor));
    return [name, floats === 'F16' && host.dtype === 'F32' ? halved(name, host) : host];
  });
  await writeSafetensors(path, Object.fromEntries(await Promise.all(named)), metadata);
};

/** Named tensors and the strings stored with them; neither record has a prototype. */
export type TensorsFile = { tensors: Record<string, Tensor>; metadata: Record<string, string> };

/** tfjs's names of the types that `widen` leaves. */
const TFJS_TYPES: Partial<Record<HostDtype, DataType>> = { F32: 'float32', I32: 'int32', BOOL: 'bool' };

/**
 * Host tensors as tensors on the current backend, weights turned from PyTorch's layout into tfjs's. F16, BF16 and F64
 * become float32; integers become int32. The result has no prototype; its tensors are the caller's.
 * @throws CheckpointError for an integer beyond 32 bits; no tensor is left behind then.
 */
export const toTensors = (host: Record<string, HostTensor>): Record<string, Tensor> => {
  const ready = Object.entries(host).map(([name, tensor]): [string, HostTensor] => [
    name,
    widen(name, fromReference(tensor), { floats: 'F32', integers: 'I32' }),
  ]);
  const tensors = Object.create(null) as Record<string, Tensor>;
  for (const [name, { data, shape, dtype }] of ready)
    tensors[name] = makeTensor(data as Float32Array, shape, TFJS_TYPES[dtype]);
  return tensors;
};

/**
 * Reads a safetensors file into tensors, see `toTensors`.
 * @throws CheckpointError for a malformed file or an integer beyond 32 bits; no tensor is left behind then.
 */
export const loadTensors = async (
  path: string,
  { finite }: { /** Only tensors whose names begin so are checked; default: none. */ finite?: string } = {},
): Promise<TensorsFile> => {
  const { tensors, metadata } = await readSafetensors(path);
  if (finite !== undefined)
    expectFinite(path, Object.fromEntries(Object.entries(tensors).filter(([name]) => name.startsWith(finite))));
  return { tensors: toTensors(tensors), metadata };
};
