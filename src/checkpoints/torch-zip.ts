import { type Entry, fromRandomAccessReaderPromise, RandomAccessReader } from 'yauzl';
import type { ByteRange, ByteSource } from './byte-source';
import { CheckpointError, type CheckpointErrorCode } from './checkpoint-error';
import { readPickle } from './pickle';
import type { PickleLimits, PickleRules } from './pickle-machine';
import type { PickleValue, StorageNode } from './pickle-values';
import { checkSum } from './tensor-view';
import { fillStorage, storageId } from './torch-values';

// PyTorch's container since version 1.6: a zip file with <stem>/data.pkl and a <stem>/data/<key> for each storage, all
// stored uncompressed, so that a storage is a range of the file.

const MAX_ENTRIES = 200_000;

const refuse = (code: CheckpointErrorCode, what: string): never => {
  throw new CheckpointError(code, `zip: ${what}`);
};

/** Lets yauzl read its directory from any source; the entries are read by us, as ranges. */
class SourceReader extends RandomAccessReader {
  constructor(private readonly source: ByteSource) {
    super();
  }

  override read(
    buffer: Buffer,
    offset: number,
    length: number,
    position: number,
    done: (error: Error | null) => void,
  ): void {
    setImmediate(() => {
      if (position + length > this.source.size) return done(new Error('it refers to bytes beyond the end of the file'));
      try {
        buffer.set(this.source.readSync(position, length), offset);
      } catch (error) {
        return done(error as Error);
      }
      done(null);
    });
  }

  override close(done: (error: Error | null) => void): void {
    done(null);
  }
}

/** What yauzl finds wrong, under our codes. */
const translate = (error: unknown): CheckpointError => {
  if (error instanceof CheckpointError) return error;
  const { message } = error as Error;
  const badName = /^(invalid (characters|relative path)|absolute path)/.test(message);
  return new CheckpointError(badName ? 'zip-entry' : 'zip', `zip: ${message}`);
};

/** Refuses zip files that hold something else: a program beside the weights, or a checkpoint as a file of its own. */
const expectOwnFile = ({ fileName }: Entry): void => {
  if (/\.(pt|pth|pkl|bin|ckpt|safetensors)$/i.test(fileName) && !/^[^/]+\/\w+\.pkl$/.test(fileName))
    refuse('torch-container', `a zip file that holds the checkpoint '${fileName}': unpack it and give that file`);
  if (/^[^/]+\/(code\/|constants\.pkl$)/.test(fileName))
    refuse(
      'torch-container',
      'this is a TorchScript program (torch.jit.save): save its state_dict() with torch.save, or use the original checkpoint',
    );
};

/** What macOS adds to a zip file for each file in it, and Windows to a folder: none of it is PyTorch's. */
const isMacFork = (name: string): boolean => name.startsWith('__MACOSX/') || /(^|\/)\.DS_Store$/.test(name);

const checkEntry = ({ fileName, compressionMethod, compressedSize, uncompressedSize, ...entry }: Entry): void => {
  if ((entry.generalPurposeBitFlag & 0x2041) !== 0) refuse('zip-entry', `'${fileName}' is encrypted`);
  if (compressionMethod !== 0 || compressedSize !== uncompressedSize)
    refuse('zip-compressed', `'${fileName}' is compressed; PyTorch stores its files as they are`);
};

/** Entries must not share bytes, nor reach into the directory. */
const checkDisjoint = (places: { name: string; begin: number; end: number }[], directory: number): void => {
  places.sort((a, b) => a.begin - b.begin);
  places.forEach(({ name, end }, i) => {
    if (end > (places[i + 1]?.begin ?? directory)) refuse('zip-entry', `'${name}' overlaps what follows it`);
  });
};

/**
 * Files of a zip file by name, as ranges.
 * @throws CheckpointError 'zip', 'zip-entry', 'zip-compressed'.
 */
const readDirectory = async (source: ByteSource): Promise<Map<string, ByteRange>> => {
  const files = new Map<string, ByteRange>();
  try {
    const zip = await fromRandomAccessReaderPromise(new SourceReader(source), source.size, {
      lazyEntries: true,
      strictFileNames: true,
      autoClose: false,
    });
    if (zip.entryCount > MAX_ENTRIES) refuse('zip', `${zip.entryCount} entries; ${MAX_ENTRIES} are the limit`);
    const directory = zip.readEntryCursor as unknown as number; // where the directory starts; declared as a boolean
    const places: { name: string; begin: number; end: number }[] = [];
    for await (const entry of zip.eachEntry()) {
      expectOwnFile(entry);
      if (isMacFork(entry.fileName)) continue;
      const { fileName: name, compressedSize: length, relativeOffsetOfLocalHeader: begin } = entry;
      checkEntry(entry);
      if (files.has(name)) refuse('zip-entry', `'${name}' is there twice`);
      const local = await zip.readLocalFileHeaderPromise(entry);
      if (!local.fileName.equals(entry.fileNameRaw) || local.compressionMethod !== 0)
        refuse('zip', `the header of '${name}' is not what the directory says`);
      const start = local.fileDataStart;
      files.set(name, { source, start, length, ...(entry.crc32 !== 0 && { crc32: entry.crc32 }) });
      places.push({ name, begin, end: start + length });
    }
    checkDisjoint(places, directory);
  } catch (error) {
    throw translate(error);
  }
  return files;
};

/** The one folder that all files lie in. */
const stemOf = (files: ReadonlyMap<string, ByteRange>): string => {
  const pickles = [...files.keys()].filter(name => /^[^/]+\/data\.pkl$/.test(name));
  if (pickles.length !== 1) refuse('torch-container', `${pickles.length} files FOLDER/data.pkl instead of one`);
  const stem = pickles[0].slice(0, -'data.pkl'.length);
  for (const name of files.keys()) if (!name.startsWith(stem)) refuse('zip-entry', `'${name}' lies outside of ${stem}`);
  return stem;
};

const wholeFile = (range: ByteRange): Uint8Array => {
  const bytes = range.source.readSync(range.start, range.length);
  checkSum(bytes, range);
  return bytes;
};

/**
 * The object of a zip container.
 * @throws CheckpointError 'zip-...', 'torch-...', 'pickle-...' or 'limit-...'
 */
export const readZipContainer = async (
  source: ByteSource,
  { globals }: PickleRules,
  budget: PickleLimits,
): Promise<PickleValue> => {
  const files = await readDirectory(source);
  const stem = stemOf(files);
  const order = files.get(`${stem}byteorder`);
  if (order && Buffer.from(wholeFile(order)).toString('latin1') !== 'little')
    refuse('torch-byte-order', 'it was written on a big-endian machine');
  const storages = new Map<string, StorageNode>();
  const persistent = (id: PickleValue): PickleValue => {
    const { key, dtype, width, count } = storageId(id);
    const known = storages.get(key);
    if (known?.dtype === dtype && known.count === count) return known;
    if (known) return refuse('torch-storage', `storage '${key}' has two descriptions`);
    const data = files.get(`${stem}data/${key}`);
    if (!data) return refuse('torch-storage', `there is no file '${stem}data/${key}'`);
    const storage: StorageNode = { kind: 'storage', dtype, width, count, data: undefined };
    fillStorage(storage, key, data);
    storages.set(key, storage);
    return storage;
  };
  const pickle = files.get(`${stem}data.pkl`)!;
  wholeFile(pickle);
  const { value, end } = readPickle(pickle, { globals, persistent }, budget);
  if (end !== pickle.start + pickle.length) refuse('torch-container', 'bytes after the end of data.pkl');
  return value;
};
