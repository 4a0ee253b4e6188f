import { crc32 } from 'node:zlib';
import { shapeSize } from '../compute/host-arrays';
import type { ByteRange } from './byte-source';
import { CheckpointError } from './checkpoint-error';
import { ARRAYS, byteWidth, type HostDtype, type HostTensor } from './host-tensor';

/** Where a tensor lies in its storage: element [i, j, ...] is number offset + i strides[0] + j strides[1] + ... */
export type TensorView = {
  dtype: HostDtype;
  shape: number[];
  /** In elements. */
  strides: number[];
  /** In elements. */
  offset: number;
  /** May be found later than the view. */
  storage: { count: number; data: ByteRange | undefined };
};

const MAX_RANK = 32;

const isSize = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

const refuse = (code: 'tensor-shape' | 'tensor-bounds', what: string): never => {
  throw new CheckpointError(code, `tensor: ${what}`);
};

/** Strides of a row-major tensor that fills its storage. */
export const rowMajor = (shape: readonly number[]): number[] => {
  const strides = new Array<number>(shape.length);
  let step = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = step;
    step *= shape[axis];
  }
  return strides;
};

/** Elements of the storage that a non-empty view spans, from its offset on. */
const extentOf = ({ shape, strides }: TensorView): number =>
  shape.reduce((last, size, axis) => last + (size - 1) * strides[axis], 0) + 1;

/** Bytes of the file that reading a view takes, which is more than its elements where its strides leave some out. */
export const bytesRead = (view: TensorView): number =>
  shapeSize(view.shape) === 0 ? 0 : extentOf(view) * byteWidth(view.dtype);

/**
 * The sizes of a tensor that is listed but not read.
 * @throws CheckpointError 'tensor-shape'.
 */
export const shapeOf = (sizes: readonly unknown[] | undefined): number[] =>
  sizes && sizes.length <= MAX_RANK && sizes.every(isSize)
    ? [...sizes]
    : refuse('tensor-shape', `sizes that are not at most ${MAX_RANK} integers from 0 to 2^53 - 1`);

/**
 * A view, after making sure that it lies within its storage.
 * @throws CheckpointError 'tensor-shape', 'tensor-bounds'.
 */
export const tensorView = (
  dtype: HostDtype,
  storage: TensorView['storage'],
  offset: unknown,
  shape: readonly unknown[],
  strides: readonly unknown[],
): TensorView => {
  if (shape.length > MAX_RANK || shape.length !== strides.length)
    refuse('tensor-shape', `${shape.length} sizes and ${strides.length} strides; ${MAX_RANK} are the limit`);
  if (!shape.every(isSize) || !strides.every(isSize) || !isSize(offset))
    return refuse('tensor-shape', 'sizes, strides and offset that are not integers from 0 to 2^53 - 1');
  const view = { dtype, shape: [...shape], strides: [...strides], offset, storage };
  const count = shapeSize(shape);
  const text = (): string => `shape [${shape.join(', ')}], strides [${strides.join(', ')}]`;
  if (!Number.isSafeInteger(count * byteWidth(dtype))) refuse('tensor-shape', `${text()}: more elements than can be`);
  const end = count === 0 ? offset : offset + extentOf(view);
  if (!(end <= storage.count))
    refuse('tensor-bounds', `${text()}, offset ${offset} need ${end} elements of a storage of ${storage.count}`);
  return view;
};

/** Copies elements by their strides; words are integers, so that no bit of a float can change. */
const gather = ({ shape, strides }: TensorView, from: ArrayLike<number | bigint>, to: (number | bigint)[]): void => {
  const index = new Array<number>(shape.length).fill(0);
  for (let at = 0, source = 0; at < to.length; at++) {
    to[at] = from[source];
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      source += strides[axis];
      if (++index[axis] < shape[axis]) break;
      source -= strides[axis] * shape[axis];
      index[axis] = 0;
    }
  }
};

/** Compares the checksum of a whole range; a part of it has none. */
export const checkSum = (bytes: Uint8Array, range: ByteRange): void => {
  if (range.crc32 !== undefined && bytes.length === range.length && crc32(bytes) !== range.crc32)
    throw new CheckpointError('zip-checksum', 'zip: the bytes of an entry do not have its checksum');
};

const WORDS = { 1: Uint8Array, 2: Uint16Array, 4: Uint32Array, 8: BigUint64Array } as const;

/** The part of the storage that a view spans. */
const spanOf = (view: TensorView): ByteRange => {
  const { data } = view.storage;
  if (!data) throw new CheckpointError('torch-storage', 'tensor: its storage is not in the file');
  const width = byteWidth(view.dtype);
  return { ...data, start: data.start + view.offset * width, length: extentOf(view) * width };
};

const fromSpan = (view: TensorView, span: Uint8Array): HostTensor => {
  const { dtype, shape, strides, storage } = view;
  checkSum(span, storage.data!);
  const dense = rowMajor(shape).every((step, axis) => step === strides[axis] || shape[axis] === 1);
  if (dense) return { dtype, shape, data: new ARRAYS[dtype](span.buffer) };
  const Words = WORDS[byteWidth(dtype) as keyof typeof WORDS];
  const words = new Words(shapeSize(shape));
  gather(view, new Words(span.buffer), words as unknown as (number | bigint)[]);
  return { dtype, shape, data: new ARRAYS[dtype](words.buffer) };
};

const empty = ({ dtype, shape }: TensorView): HostTensor => ({ dtype, shape, data: new ARRAYS[dtype](0) });

/**
 * The tensor of a view, row-major in memory of its own; reads the part of the storage that it spans.
 * @throws CheckpointError 'torch-storage' if the file has no such storage, 'zip-checksum' if it is damaged.
 */
export const readView = async (view: TensorView): Promise<HostTensor> => {
  if (shapeSize(view.shape) === 0) return empty(view);
  const { source, start, length } = spanOf(view);
  return fromSpan(view, await source.read(start, length));
};

/** `readView` for small tensors, blocking. */
export const readViewSync = (view: TensorView): HostTensor => {
  if (shapeSize(view.shape) === 0) return empty(view);
  const { source, start, length } = spanOf(view);
  return fromSpan(view, new Uint8Array(source.readSync(start, length)));
};
