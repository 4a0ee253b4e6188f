import { shapeSize } from '../compute/host-arrays';
import { expectOneOf, fail } from '../compute/check';
import { writeFileAtomic } from './atomic';
import { type ByteSource, withFile } from './byte-source';
import { CheckpointError } from './checkpoint-error';
import { ARRAYS, bytesOf, byteWidth, type HostDtype, type HostTensor } from './host-tensor';
import {
  formatHeader,
  headerLength,
  isWellFormed,
  parseHeader,
  type SafetensorsHeader,
  type TensorEntry,
  type UnreadEntry,
} from './safetensors-header';

// The safetensors format: 8 bytes little-endian header length, a JSON header, the tensors' bytes without holes.
// Like the format, the code assumes a little-endian machine (all that Node supports but for s390x).

/** A file's content. Both records have no prototype, so any name is safe, '__proto__' included. */
export type Safetensors = { tensors: Record<string, HostTensor>; metadata: Record<string, string> };

const build = (
  entries: readonly TensorEntry[],
  metadata: Record<string, string>,
  buffers: readonly ArrayBuffer[],
): Safetensors => {
  const tensors = Object.create(null) as Record<string, HostTensor>;
  entries.forEach(({ name, dtype, shape }, i) => {
    tensors[name] = { dtype, shape, data: new ARRAYS[dtype](buffers[i]) };
  });
  return { tensors, metadata };
};

/** @throws CheckpointError 'dtype' for a tensor that is listed but not read. */
const expectRead = ([first]: readonly UnreadEntry[]): void => {
  if (first)
    throw new CheckpointError('dtype', `safetensors: tensor '${first.name}' is of ${first.dtype}: not read here`);
};

/**
 * Reads safetensors bytes; the tensors are copies.
 * @throws CheckpointError with the code of the first rule of the format that is broken.
 */
export const parseSafetensors = (bytes: Uint8Array): Safetensors => {
  const data = 8 + headerLength(bytes.subarray(0, 8), bytes.length);
  const { entries, unread, metadata } = parseHeader(bytes.subarray(8, data), bytes.length - data);
  expectRead(unread);
  // A copy by constructor: slice of a Node Buffer would be a view of a larger memory.
  const buffers = entries.map(({ begin, end }) => new Uint8Array(bytes.subarray(data + begin, data + end)).buffer);
  return build(entries, metadata, buffers);
};

/** A file's header, and the position of its first byte of data. */
export const safetensorsHeader = (source: ByteSource): SafetensorsHeader & { dataStart: number } => {
  const length = headerLength(source.readSync(0, Math.min(8, source.size)), source.size);
  const dataStart = 8 + length;
  return { ...parseHeader(source.readSync(8, length), source.size - dataStart), dataStart };
};

/**
 * Reads a safetensors file of any size: the header first, then tensor by tensor straight into its own memory, so
 * that nothing beyond the file's own size is ever allocated.
 * @throws CheckpointError with the code of the first rule of the format that is broken; Node's error if the file
 * cannot be read.
 */
export const readSafetensors = async (path: string): Promise<Safetensors> =>
  withFile(path, async source => {
    const { entries, unread, metadata, dataStart } = safetensorsHeader(source);
    expectRead(unread);
    const buffers: ArrayBuffer[] = [];
    for (const { begin, end } of entries) buffers.push((await source.read(dataStart + begin, end - begin)).buffer);
    return build(entries, metadata, buffers);
  });

const checkTensor = (name: string, { dtype, shape, data }: HostTensor): void => {
  const where = 'writeSafetensors';
  if (name === '__metadata__' || !isWellFormed(name)) fail(where, 'name', 'well-formed and not __metadata__', name);
  expectOneOf<HostDtype>(where, `dtype of '${name}'`, dtype, Object.keys(ARRAYS) as HostDtype[]);
  if (!(data instanceof ARRAYS[dtype])) fail(where, `data of '${name}'`, `a ${ARRAYS[dtype].name}`, data);
  const count = shapeSize(shape);
  if (!shape.every(size => Number.isInteger(size) && size >= 0) || count !== data.length)
    fail(where, `shape of '${name}'`, `sizes with the product ${data.length}`, shape);
};

/**
 * Header and tensors as pieces of the file. Wide elements come first, names in order within a width: every tensor is
 * aligned to its own element, and the same content always gives the same bytes.
 */
const encode = (tensors: Record<string, HostTensor>, metadata: Record<string, string>): Uint8Array[] => {
  for (const [key, text] of Object.entries(metadata))
    if (typeof text !== 'string' || !isWellFormed(key) || !isWellFormed(text))
      fail('writeSafetensors', `metadata '${key}'`, 'a well-formed string', text);
  const named = Object.entries(tensors);
  for (const [name, tensor] of named) checkTensor(name, tensor);
  named.sort(([a, x], [b, y]) => byteWidth(y.dtype) - byteWidth(x.dtype) || (a < b ? -1 : 1));
  const sorted = Object.fromEntries(Object.entries(metadata).sort(([a], [b]) => (a < b ? -1 : 1)));
  return [formatHeader(named, sorted), ...named.map(([, { data }]) => bytesOf(data))];
};

/**
 * The bytes of a safetensors file; the same content gives the same bytes.
 * @throws ArgumentError for a tensor whose dtype, shape and data disagree, or a name that the format cannot hold.
 */
export const serializeSafetensors = (
  tensors: Record<string, HostTensor>,
  metadata: Record<string, string> = {},
): Uint8Array => {
  const pieces = encode(tensors, metadata);
  const bytes = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
};

/**
 * Writes a safetensors file of any size, atomically: `path` holds the old content or the new, never a part.
 * @throws ArgumentError as serializeSafetensors; Node's error if the file cannot be written.
 */
export const writeSafetensors = async (
  path: string,
  tensors: Record<string, HostTensor>,
  metadata: Record<string, string> = {},
): Promise<void> => writeFileAtomic(path, encode(tensors, metadata));
