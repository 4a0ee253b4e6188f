import type { ByteSource } from './byte-source';
import type { CheckpointContent } from './checkpoint-content';
import { CheckpointError } from './checkpoint-error';
import { byteWidth } from './host-tensor';
import { safetensorsHeader } from './safetensors';
import { rowMajor, tensorView, type TensorView } from './tensor-view';

const parsed = (name: string, json: string): unknown => {
  try {
    return JSON.parse(json) as unknown;
  } catch {
    throw new CheckpointError('metadata', `safetensors: the metadata ${name} is not JSON`);
  }
};

/** The reference's class and arguments, where `cosim convert` has stored them. */
const partsOf = ({
  class_name: className,
  init_kwargs: json,
  init_args: args,
}: Record<string, string>): CheckpointContent['parts'] => {
  if (className === undefined || json === undefined) return [];
  const initKwargs = parsed('init_kwargs', json);
  const initArgs = args === undefined ? undefined : parsed('init_args', args);
  if (initArgs !== undefined && !Array.isArray(initArgs))
    throw new CheckpointError('metadata', 'safetensors: the metadata init_args is not a JSON list');
  if (typeof initKwargs !== 'object' || initKwargs === null || Array.isArray(initKwargs))
    throw new CheckpointError('metadata', 'safetensors: the metadata init_kwargs is not a JSON object');
  return [
    {
      name: '',
      className,
      initKwargs: initKwargs as Record<string, unknown>,
      ...(initArgs && { initArgs: initArgs as unknown[] }),
    },
  ];
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
