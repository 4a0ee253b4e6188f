import { CheckpointError, type CheckpointErrorCode } from './checkpoint-error';
import { byteWidth, type HostDtype, type HostTensor, isHostDtype } from './host-tensor';
import { parseStrictJson } from './strict-json';

/** One tensor's place in the file: bytes [begin, end) counted from the end of the header. */
export type TensorEntry = { name: string; dtype: HostDtype; shape: number[]; begin: number; end: number };

/** The same of a tensor that is listed but not read. */
export type UnreadEntry = Omit<TensorEntry, 'dtype'> & { dtype: string };

export type SafetensorsHeader = {
  /** In the order of their bytes. */
  entries: TensorEntry[];
  /** Tensors of the element types that the format has and this library does not. */
  unread: UnreadEntry[];
  metadata: Record<string, string>;
};

const MAX_RANK = 32;

/** The limit that the format sets for the header, bytes. */
const MAX_HEADER_BYTES = 100_000_000;

/** Element types that the format has and this library does not, with the bits of an element. */
const UNREAD_BITS = {
  F8_E4M3: 8,
  F8_E5M2: 8,
  F8_E8M0: 8,
  F8_E4M3FNUZ: 8,
  F8_E5M2FNUZ: 8,
  F6_E2M3: 6,
  F6_E3M2: 6,
  F4: 4,
  C64: 64,
} as const;

const isUnread = (dtype: unknown): dtype is keyof typeof UNREAD_BITS =>
  typeof dtype === 'string' && Object.hasOwn(UNREAD_BITS, dtype);

const refuse = (code: CheckpointErrorCode, what: string): never => {
  throw new CheckpointError(code, `safetensors: ${what}`);
};

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** True for a name that UTF-8 can carry: no half of a surrogate pair. */
export const isWellFormed = (name: string): boolean => !/\p{Surrogate}/u.test(name);

/**
 * Length of the header in bytes, from the first 8 bytes of a file of `fileBytes` bytes.
 * @throws CheckpointError 'file-short', 'header-too-large', 'header-truncated'.
 */
export const headerLength = (start: Uint8Array, fileBytes: number): number => {
  if (fileBytes < 8 || start.length < 8) return refuse('file-short', `a file of ${fileBytes} bytes has no header`);
  const length = Number(new DataView(start.buffer, start.byteOffset).getBigUint64(0, true));
  if (length > MAX_HEADER_BYTES) refuse('header-too-large', `a header of ${length} bytes; 100 MB are the limit`);
  if (length > fileBytes - 8)
    refuse('header-truncated', `a header of ${length} bytes in a file of ${fileBytes} bytes; is it cut off?`);
  return length;
};

const parseMetadata = (value: unknown): Record<string, string> => {
  const metadata = Object.create(null) as Record<string, string>;
  if (value === undefined || value === null) return metadata;
  if (!isObject(value)) return refuse('metadata', '__metadata__ is not an object');
  for (const [key, text] of Object.entries(value)) {
    if (typeof text !== 'string') return refuse('metadata', `__metadata__ '${key}' is not a string`);
    if (!isWellFormed(key) || !isWellFormed(text)) refuse('name', `__metadata__ '${key}' is not well-formed Unicode`);
    metadata[key] = text;
  }
  return metadata;
};

const parseEntry = (name: string, value: unknown): TensorEntry | UnreadEntry => {
  const about = `tensor '${name.slice(0, 200)}'`;
  if (!isWellFormed(name)) refuse('name', `${about}: the name is not well-formed Unicode`);
  if (!isObject(value)) return refuse('entry', `${about} is not described by an object`);
  if (Object.keys(value).sort().join() !== 'data_offsets,dtype,shape')
    refuse(
      'entry',
      `${about} has the keys ${Object.keys(value).join(', ').slice(0, 200)} instead of dtype, shape, data_offsets`,
    );
  const { dtype, shape, data_offsets: offsets } = value;
  if (!isHostDtype(dtype) && !isUnread(dtype))
    return refuse('dtype', `${about} has the unknown dtype ${JSON.stringify(dtype).slice(0, 80)}`);
  const isSize = (size: unknown): size is number => typeof size === 'number'; // integers >= 0 by parseStrictJson
  if (!Array.isArray(shape) || !shape.every(isSize)) return refuse('shape', `${about}: shape is not a list of sizes`);
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isSize))
    return refuse('offsets', `${about}: data_offsets is not a pair of numbers`);
  const [begin, end] = offsets;
  if (begin > end) refuse('offsets-reversed', `${about} ends at byte ${end}, before its begin ${begin}`);
  if (shape.length > MAX_RANK) refuse('shape', `${about}: ${shape.length} sizes; ${MAX_RANK} are the limit`);
  let bits = isUnread(dtype) ? UNREAD_BITS[dtype] : 8 * byteWidth(dtype);
  for (const size of shape) {
    bits *= size;
    if (!Number.isSafeInteger(bits)) refuse('shape', `${about}: shape [${shape}] is too large to count`);
  }
  const bytes = bits / 8;
  if (bytes !== end - begin)
    refuse('size-mismatch', `${about}: ${dtype} [${shape}] needs ${bytes} bytes, its offsets give ${end - begin}`);
  return { name, dtype, shape, begin, end };
};

/** The entries must tile [0, dataBytes) exactly: no hole, no overlap, nothing left over. */
const checkTiling = (entries: readonly UnreadEntry[], dataBytes: number): void => {
  let at = 0;
  for (const { name, begin, end } of entries) {
    if (end > dataBytes) refuse('offsets-out-of-bounds', `tensor '${name}' ends at byte ${end} of ${dataBytes}`);
    if (begin < at) refuse('offsets-overlap', `tensor '${name}' begins at byte ${begin}, inside the one before it`);
    if (begin > at) refuse('offsets-gap', `bytes ${at} to ${begin} before tensor '${name}' belong to no tensor`);
    at = end;
  }
  if (at < dataBytes) refuse('trailing-bytes', `${dataBytes - at} bytes after the last tensor`);
};

/**
 * The header of a safetensors file: entries in the order of their bytes.
 * `bytes` is the header without its length, `dataBytes` the number of bytes that follow it.
 * @throws CheckpointError with the code of the first rule of the format that is broken.
 */
export const parseHeader = (bytes: Uint8Array, dataBytes: number): SafetensorsHeader => {
  if (bytes[0] !== 0x7b) refuse('header-start', 'the header does not begin with {; is this a safetensors file?');
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return refuse('header-utf8', 'the header is not UTF-8');
  }
  const json = text.trimEnd();
  const header = parseStrictJson(json) as Record<string, unknown>;
  if (!/^ *$/.test(text.slice(json.length))) refuse('header-padding', 'the header is padded with more than spaces');
  const { __metadata__: metadata, ...tensors } = header;
  const entries = Object.entries(tensors).map(([name, value]) => parseEntry(name, value));
  entries.sort((a, b) => a.begin - b.begin || a.end - b.end);
  checkTiling(entries, dataBytes);
  return {
    entries: entries.filter((entry): entry is TensorEntry => isHostDtype(entry.dtype)),
    unread: entries.filter(entry => isUnread(entry.dtype)),
    metadata: parseMetadata(metadata),
  };
};

/**
 * Length and header as they stand in the file, padded with spaces so that the data begins at a multiple of 8 bytes.
 * Tensors stand in the order given.
 */
export const formatHeader = (
  tensors: readonly (readonly [string, HostTensor])[],
  metadata: Record<string, string>,
): Uint8Array => {
  let at = 0;
  const entries = tensors.map(([name, { dtype, shape, data }]): [string, object] => {
    const begin = at;
    at += data.byteLength;
    return [name, { dtype, shape, data_offsets: [begin, at] }];
  });
  if (Object.keys(metadata).length > 0) entries.unshift(['__metadata__', metadata]);
  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries(entries)));
  const length = Math.ceil(json.length / 8) * 8;
  const bytes = new Uint8Array(8 + length).fill(0x20);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(length), true);
  bytes.set(json, 8);
  return bytes;
};
