import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { promisify } from 'node:util';
import { crc32, inflateRaw } from 'node:zlib';
import { type Entry, fromRandomAccessReaderPromise, RandomAccessReader, type ZipFile } from 'yauzl';
import { DatasetError } from '../dataset-error';
import { readFully, sha256OfFiles } from './records';

/** A zip file whose directory is in memory and whose entries are read on demand, any number at the same time. */
export type ZipArchive = {
  path: string;
  /** Of all files in it, sorted. */
  names: readonly string[];
  /** Bytes of the file names[index], unpacked. */
  sizeOf: (index: number) => number;
  /** The file names[index], unpacked and checked. */
  read: (index: number) => Promise<Uint8Array>;
  /** sha256, or for very large files directorySha256. */
  fingerprint: () => Promise<Readonly<Record<string, string>>>;
  close: () => Promise<void>;
};

const MAX_ENTRIES = 5_000_000;
const MAX_BYTES = 2 ** 28; // of an entry, unpacked

/** Larger files are known by their directory, which has name, size and check sum of each entry. */
const LARGEST_HASHED = 2 ** 31;

const HEADER = 30; // bytes of an entry's header without its name

const WINDOW = 2 ** 20; // bytes of the directory read at a time

/** Lets yauzl read from an open file; while it reads the directory, which it does in small pieces, through a window. */
class FileReader extends RandomAccessReader {
  windowed = true;
  private start = 0;
  private window = Buffer.alloc(0);

  constructor(
    private readonly handle: FileHandle,
    private readonly path: string,
    private readonly size: number,
  ) {
    super();
  }

  private async fill(position: number, length: number): Promise<void> {
    const window = Buffer.alloc(Math.min(Math.max(length, WINDOW), this.size - position));
    await readFully(this.handle, this.path, window, position);
    [this.start, this.window] = [position, window];
  }

  private async readAsync(buffer: Buffer, offset: number, length: number, position: number): Promise<void> {
    if (position + length > this.size) throw new Error('it refers to bytes beyond the end of the file');
    if (!this.windowed) return readFully(this.handle, this.path, buffer.subarray(offset, offset + length), position);
    await this.fill(position, length);
    this.window.copy(buffer, offset, 0, length);
  }

  override read(
    buffer: Buffer,
    offset: number,
    length: number,
    position: number,
    done: (error: Error | null) => void,
  ): void {
    const from = position - this.start;
    if (this.windowed && from >= 0 && from + length <= this.window.length) {
      this.window.copy(buffer, offset, from, from + length);
      done(null);
    } else this.readAsync(buffer, offset, length, position).then(() => done(null), done);
  }

  override close(done: (error: Error | null) => void): void {
    done(null);
  }

  release(): void {
    this.windowed = false;
    this.window = Buffer.alloc(0);
  }
}

/** What is kept of an entry. */
type Place = { name: string; offset: number; packed: number; size: number; crc: number; deflated: boolean };

const placeOf = (entry: Entry, path: string): Place => {
  const { fileName: name, compressionMethod, compressedSize: packed, uncompressedSize: size } = entry;
  const refuse = (what: string): never => {
    throw new DatasetError(`${path}: '${name}' ${what}`);
  };
  if ((entry.generalPurposeBitFlag & 0x2041) !== 0) refuse('is encrypted');
  if (compressionMethod !== 0 && compressionMethod !== 8)
    refuse(`is packed by method ${compressionMethod}; 0 (stored) and 8 (deflate) can be read`);
  if (Math.max(size, packed) > MAX_BYTES) refuse(`has ${Math.max(size, packed)} bytes; ${MAX_BYTES} are the limit`);
  return {
    name,
    offset: entry.relativeOffsetOfLocalHeader,
    packed,
    size,
    crc: entry.crc32,
    deflated: compressionMethod === 8,
  };
};

/** Entries sorted by name, none twice, none sharing bytes with another: the ways a small file pretends to be large. */
const sorted = (places: Place[], path: string, directory: number): Place[] => {
  places.sort((a, b) => a.offset - b.offset);
  places.forEach(({ name, offset, packed }, i) => {
    if (offset + HEADER + packed > (places[i + 1]?.offset ?? directory))
      throw new DatasetError(`${path}: '${name}' overlaps what follows it`);
  });
  places.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  places.forEach(({ name }, i) => {
    if (name === places[i + 1]?.name) throw new DatasetError(`${path}: '${name}' is there twice`);
  });
  return places;
};

const readDirectory = async (zip: ZipFile, path: string): Promise<{ places: Place[]; start: number }> => {
  if (zip.entryCount > MAX_ENTRIES)
    throw new DatasetError(`${path}: ${zip.entryCount} entries; ${MAX_ENTRIES} are the limit`);
  const start = zip.readEntryCursor as unknown as number; // declared as a boolean
  const places: Place[] = [];
  for await (const entry of zip.eachEntry()) if (!entry.fileName.endsWith('/')) places.push(placeOf(entry, path));
  return { places: sorted(places, path, start), start };
};

const unpack = async (packed: Uint8Array, { size, crc, deflated }: Place): Promise<Uint8Array> => {
  let bytes = packed;
  if (deflated)
    try {
      bytes = await promisify(inflateRaw)(packed, { maxOutputLength: Math.max(1, size) });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ERR_BUFFER_TOO_LARGE') throw error;
      throw new Error(`unpacks to more than the ${size} bytes that the directory says`);
    }
  if (bytes.length !== size) throw new Error(`unpacks to ${bytes.length} bytes, the directory says ${size}`);
  if (crc32(bytes) !== crc) throw new Error('is damaged: its check sum (CRC-32) is not what the directory says');
  return bytes;
};

const fingerprintOf = async (path: string, size: number, directory: number): Promise<Record<string, string>> => {
  if (size <= LARGEST_HASHED) return { sha256: await sha256OfFiles([path]) };
  const hash = createHash('sha256');
  for await (const piece of createReadStream(path, { start: directory })) hash.update(piece as Buffer);
  return { directorySha256: hash.digest('hex') };
};

const notZip = (path: string, error: unknown): DatasetError =>
  error instanceof DatasetError
    ? error
    : new DatasetError(`${path}: not a whole zip file (${(error as Error).message})`);

/**
 * Opens a zip file; stays open until `close`. Nothing is written: names are only compared, entries only read.
 * @throws DatasetError when it is no whole zip file, or an entry is encrypted, packed otherwise than by deflate, larger
 * than 256 MiB, there twice, overlapping another, or named so that it would lie outside; `read` rejects with a
 * DatasetError when an entry is not what the directory says
 */
export const openZip = async (path: string): Promise<ZipArchive> => {
  const handle = await open(path, 'r');
  try {
    const { size } = await handle.stat();
    const reader = new FileReader(handle, path, size);
    const options = { lazyEntries: true, autoClose: false }; // a \\ in a name, as PowerShell 5 writes it, is read as /
    const zip = await fromRandomAccessReaderPromise(reader, size, options);
    const { places, start } = await readDirectory(zip, path);
    reader.release();
    return {
      path,
      names: places.map(({ name }) => name),
      sizeOf: index => places[index].size,
      fingerprint: () => fingerprintOf(path, size, start),
      read: async index => {
        const place = places[index];
        try {
          const wanted = { relativeOffsetOfLocalHeader: place.offset, compressedSize: place.packed } as Entry;
          const { fileDataStart } = await zip.readLocalFileHeaderPromise(wanted, { minimal: true });
          const packed = Buffer.allocUnsafe(place.packed);
          await readFully(handle, path, packed, fileDataStart);
          return await unpack(packed, place);
        } catch (error) {
          throw error instanceof DatasetError
            ? error
            : new DatasetError(`${path}: '${place.name}' ${(error as Error).message}`);
        }
      },
      close: () => handle.close(),
    };
  } catch (error) {
    await handle.close();
    throw notZip(path, error);
  }
};
