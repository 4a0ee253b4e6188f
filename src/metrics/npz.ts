import { shapeSize } from '../compute/host-arrays';
import { dump, parse } from 'npyjs';
import type { Readable } from 'node:stream';
import { crc32 } from 'node:zlib';
import { type Entry, openPromise, type ZipFile } from 'yauzl';
import { ZipFile as ZipWriter } from 'yazl';

/** An array of a numpy file, row by row; numbers of single precision are widened. */
export type NumpyArray = { data: Float64Array; shape: readonly number[] };

/** Thrown for an .npz file that cannot be used; the message says what is wrong with it. */
export class NpzError extends Error {
  override name = 'NpzError';
}

const HEADER = 2 ** 16; // bytes of an npy file's header at most
const MAX_ENTRIES = 100;
const DEFLATE_RATIO = 1032; // more than this deflate cannot gain
const STAMP = new Date(1980, 0, 1); // the first date zip knows: the same arrays give the same bytes

const entriesOf = async (zip: ZipFile): Promise<Map<string, Entry>> => {
  if (zip.entryCount > MAX_ENTRIES) throw new NpzError(`${zip.entryCount} arrays; ${MAX_ENTRIES} are the limit`);
  const entries = new Map<string, Entry>();
  for await (const entry of zip.eachEntry()) {
    if (entries.has(entry.fileName)) throw new NpzError(`'${entry.fileName}' is there twice`);
    entries.set(entry.fileName, entry);
  }
  return entries;
};

const checkEntry = ({ fileName, ...entry }: Entry, length: number): void => {
  const { compressedSize: packed, uncompressedSize: size } = entry;
  if ((entry.generalPurposeBitFlag & 0x2041) !== 0) throw new NpzError(`'${fileName}' is encrypted`);
  if (![0, 8].includes(entry.compressionMethod))
    throw new NpzError(`'${fileName}' is packed by method ${entry.compressionMethod}; numpy stores or deflates`);
  if (size > 8 * length + HEADER)
    throw new NpzError(`'${fileName}' has ${size} bytes; ${8 * length} and a header are expected at most`);
  if (size > DEFLATE_RATIO * packed + HEADER) throw new NpzError(`'${fileName}' claims more than its bytes can hold`);
};

const readEntry = async (zip: ZipFile, entry: Entry): Promise<Uint8Array> => {
  const bytes = new Uint8Array(entry.uncompressedSize);
  let at = 0;
  const stream: Readable = await zip.openReadStreamPromise(entry); // fails where it has other than the size it claims
  for await (const piece of stream) {
    bytes.set(piece as Buffer, at);
    at += (piece as Buffer).length;
  }
  if (crc32(bytes) !== entry.crc32) throw new NpzError(`'${entry.fileName}' is damaged: its check sum is another`);
  return bytes;
};

/** Rows of a matrix whose columns are stored one after the other. */
const fromColumns = (data: Float64Array, [rows, columns]: readonly number[]): Float64Array =>
  data.map((_, at) => data[(at % columns) * rows + Math.floor(at / columns)]);

const LONGEST_DICT = 1024; // bytes; numpy writes about 80

/** The bytes of an npy file with its numbers in this machine's order; a file of `>f8` becomes one of `<f8`. */
const littleEndian = (bytes: Uint8Array): Uint8Array => {
  const header = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, LONGEST_DICT)).toString('latin1');
  const descr = /'descr'\s*:\s*'>f([48])'/.exec(header);
  if (!descr) return bytes;
  const own = Buffer.from(bytes);
  own[own.indexOf("'>f") + 1] = '<'.charCodeAt(0);
  const start = own[6] === 1 ? 10 + own.readUInt16LE(8) : 12 + own.readUInt32LE(8);
  const numbers = own.subarray(start);
  if (descr[1] === '8') numbers.swap64();
  else numbers.swap32();
  return Uint8Array.from(own); // a buffer of its own, from 0 on
};

const parseArray = (name: string, bytes: Uint8Array, limit: number): NumpyArray => {
  let array: ReturnType<typeof parse>;
  try {
    array = parse(littleEndian(bytes).buffer);
  } catch (error) {
    throw new NpzError(`'${name}' is no npy file that can be read: ${(error as Error).message}`);
  }
  const { data: stored, shape, dtype, fortranOrder } = array;
  if (!['f4', 'f8'].includes(dtype) || !(stored instanceof Float64Array || stored instanceof Float32Array))
    throw new NpzError(`'${name}' is of ${dtype}; f4 or f8 is expected`);
  const data = stored instanceof Float64Array ? stored : Float64Array.from(stored);
  if (shape.length === 0 || shape.length > 2 || !shape.every(size => Number.isInteger(size) && size >= 0))
    throw new NpzError(`'${name}' has the shape (${shape.join(', ')}); one or two axes are expected`);
  const length = shapeSize(shape);
  if (length !== data.length || length > limit)
    throw new NpzError(`'${name}' holds ${data.length} numbers, its shape (${shape.join(', ')}) says ${length}`);
  return { data: fortranOrder && shape.length === 2 ? fromColumns(data, shape) : data, shape };
};

/**
 * Reads arrays of float32 or float64, of either order of bytes, with one or two axes from a file as numpy.savez or savez_compressed writes it, one by one:
 * `lengthOf` tells how many numbers the next may have at most, from those already read. Other arrays are not looked at.
 * @throws NpzError for a damaged or hostile file, an array that is missing or of another kind, with the path; Node's
 * error where the file cannot be read
 */
export const readNpz = async (
  path: string,
  names: readonly string[],
  lengthOf: (name: string, before: Record<string, NumpyArray>) => number,
): Promise<Record<string, NumpyArray>> => {
  let zip: ZipFile | undefined;
  try {
    zip = await openPromise(path, { lazyEntries: true, strictFileNames: true, autoClose: false });
    const entries = await entriesOf(zip);
    const arrays: Record<string, NumpyArray> = {};
    for (const name of names) {
      const entry = entries.get(`${name}.npy`);
      if (!entry) throw new NpzError(`no array '${name}'; there are: ${[...entries.keys()].join(', ').slice(0, 200)}`);
      const limit = lengthOf(name, arrays);
      checkEntry(entry, limit);
      arrays[name] = parseArray(name, await readEntry(zip, entry), limit);
    }
    return arrays;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code?.startsWith('E') && !code.startsWith('ERR_')) throw error; // no such file, not allowed, ...
    throw new NpzError(`${path}: ${error instanceof NpzError ? message : `damaged: ${message}`}`);
  } finally {
    zip?.close();
  }
};

/** The pieces of a file that numpy.load reads, arrays stored as numpy.savez does; the same arrays give the same bytes. */
export const npzPieces = async (arrays: Record<string, NumpyArray>): Promise<Uint8Array[]> => {
  const zip = new ZipWriter();
  for (const [name, { data, shape }] of Object.entries(arrays))
    zip.addBuffer(Buffer.from(dump(data, [...shape])), `${name}.npy`, {
      compress: false,
      mtime: STAMP,
      forceDosTimestamp: true,
    });
  zip.end();
  const pieces: Uint8Array[] = [];
  for await (const piece of zip.outputStream) pieces.push(piece as unknown as Buffer);
  return pieces;
};
