import type { ByteRange } from './byte-source';
import { CheckpointError, type CheckpointErrorCode } from './checkpoint-error';
import { readPickle } from './pickle';
import type { PickleLimits, PickleRules } from './pickle-machine';
import { isNode, itemsOf, type PickleValue, type StorageNode } from './pickle-values';
import { fillStorage, storageId } from './torch-values';

// PyTorch's container before version 1.6, and still that of storages inside pickles: five pickles back to back (a magic
// number, a version, what the machine was, the object, the keys of its storages), then for each key a count of
// elements (int64) and the elements.

const MAGIC = 0x1950a86a20f9469cfc6cn;
const VERSION = 1001;

const refuse = (code: CheckpointErrorCode, what: string): never => {
  throw new CheckpointError(code, `PyTorch container: ${what}`);
};

/** The part of a range from `position` on. */
const from = ({ source, start, length }: ByteRange, position: number): ByteRange => ({
  source,
  start: position,
  length: start + length - position,
});

const NO_RULES: PickleRules = { globals: {} };

/** True for the value that the first pickle of a legacy container holds. */
export const isLegacyMagic = (value: PickleValue): boolean => value === MAGIC;

/** Gives every storage its bytes, which stand from `position` on in the order of `keys`; all bytes must be used up. */
const readStorages = (
  range: ByteRange,
  position: number,
  keys: readonly PickleValue[],
  storages: ReadonlyMap<string, StorageNode>,
): void => {
  const filled = new Set<string>();
  for (const key of keys) {
    const storage = typeof key === 'string' ? storages.get(key) : undefined;
    if (!storage || filled.has(key as string))
      return refuse('torch-container', 'its list of storages is not that of its object');
    const { source, length: left } = from(range, position);
    if (left < 8) return refuse('torch-storage', `it ends before storage '${key as string}'`);
    const bytes = source.readSync(position, 8);
    const count = Number(new DataView(bytes.buffer, bytes.byteOffset, 8).getBigInt64(0, true));
    const length = count * storage.width;
    if (!(count >= 0 && length <= left - 8))
      return refuse('torch-storage', `storage '${key as string}' claims ${count} elements, ${left - 8} bytes are left`);
    fillStorage(storage, key as string, { source, start: position + 8, length });
    filled.add(key as string);
    position += 8 + length;
  }
  if (filled.size < storages.size) refuse('torch-storage', 'a storage of its object is not among its data');
  if (from(range, position).length > 0) refuse('torch-container', 'bytes after the last storage');
};

/**
 * The object of a legacy container.
 * @throws CheckpointError 'torch-...', 'pickle-...' or 'limit-...'
 */
export const readLegacyContainer = (range: ByteRange, { globals }: PickleRules, budget: PickleLimits): PickleValue => {
  let position = range.start;
  const next = (rules: PickleRules): PickleValue => {
    const { value, end } = readPickle(from(range, position), rules, budget);
    position = end;
    return value;
  };
  if (!isLegacyMagic(next(NO_RULES))) refuse('torch-magic', 'it does not begin with the number that PyTorch writes');
  if (next(NO_RULES) !== VERSION) refuse('torch-container', `its version is not ${VERSION}`);
  const machine = next(NO_RULES);
  if (!isNode(machine, 'dict')) return refuse('torch-container', 'its third part is no dictionary');
  if (machine.entries.get('little_endian') !== true)
    return refuse('torch-byte-order', 'it was written on a big-endian machine');
  const storages = new Map<string, StorageNode>();
  const persistent = (id: PickleValue): PickleValue => {
    const { key, dtype, width, count } = storageId(id);
    const known = storages.get(key);
    if (known && (known.dtype !== dtype || known.count !== count))
      return refuse('torch-storage', `storage '${key}' has two descriptions`);
    const storage = known ?? { kind: 'storage', dtype, width, count, data: undefined };
    storages.set(key, storage);
    return storage;
  };
  const value = next({ globals, persistent });
  const keys = itemsOf(next(NO_RULES)) ?? refuse('torch-container', 'its list of storages is no list');
  readStorages(range, position, keys, storages);
  return value;
};
