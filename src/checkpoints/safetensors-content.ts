import type { ByteSource } from './byte-source';
import type { CheckpointContent } from './checkpoint-content';
import { CheckpointError } from './checkpoint-error';
import { byteWidth } from './host-tensor';
import { safetensorsHeader } from './safetensors';
import { rowMajor, tensorView, type TensorView } from './tensor-view';

/** The reference's class and arguments, where `cosim convert` has stored them. */
const partsOf = ({ class_name: className, init_kwargs: json }: Record<string, string>): CheckpointContent['parts'] => {
  if (className === undefined || json === undefined) return [];
  let initKwargs: unknown;
  try {
    initKwargs = JSON.parse(json);
  } catch {
    throw new CheckpointError('metadata', 'safetensors: the metadata init_kwargs is not JSON');
  }
  if (typeof initKwargs !== 'object' || initKwargs === null || Array.isArray(initKwargs))
    throw new CheckpointError('metadata', 'safetensors: the metadata init_kwargs is not a JSON object');
  return [{ name: '', className, initKwargs: initKwargs as Record<string, unknown> }];
};

/** Tensors of a safetensors file, unread, and its metadata. */
export const safetensorsContent = (source: ByteSource): CheckpointContent => {
  const { entries, unread, metadata, dataStart } = safetensorsHeader(source);
  const views = entries.map(({ name, dtype, shape, begin, end }): [string, TensorView] => {
    const data = { source, start: dataStart + begin, length: end - begin };
    const storage = { count: data.length / byteWidth(dtype), data };
    return [name, tensorView(dtype, storage, 0, shape, rowMajor(shape))];
  });
  return {
    views: new Map(views),
    unread: new Map(unread.map(({ name, dtype, shape }) => [name, { dtype, shape }])),
    parts: partsOf(metadata),
    values: metadata,
  };
};
