import { basename } from 'node:path';
import { expectKeys } from '../compute/check';
import { shapeSize } from '../compute/host-arrays';
import { CHECKPOINT_RULES } from './allowed-globals';
import { type ByteSource, withFile } from './byte-source';
import { type CheckpointContent, type CheckpointPart, contentOf, type UnreadTensor } from './checkpoint-content';
import { CheckpointError } from './checkpoint-error';
import { type CheckpointFormat, recogniseFormat } from './checkpoint-format';
import { byteWidth, type HostTensor } from './host-tensor';
import { readPickle } from './pickle';
import { pickleLimits, type PickleLimits } from './pickle-machine';
import { safetensorsContent } from './safetensors-content';
import { bytesRead, readView, type TensorView } from './tensor-view';
import { isLegacyMagic, readLegacyContainer } from './torch-legacy';
import { readZipContainer } from './torch-zip';
import { widen, type Widening } from './widen';

/** What a checkpoint file holds, without its tensors' values. */
export type CheckpointDescription = {
  format: CheckpointFormat;
  /** Its name without folders. */
  file: string;
  /** Its size. */
  bytes: number;
  /** By path in the file; some element types (complex, sparse, 8-bit floats) are listed though they cannot be read. */
  tensors: Record<string, UnreadTensor>;
  /** The networks in it. */
  parts: CheckpointPart[];
  /** What else it says: data set, loss, metadata; plain values without prototypes. */
  values: unknown;
};

/** One network of a checkpoint, or all that the file holds. */
export type Checkpoint = {
  /** By the reference's names; no prototype, any name is safe. */
  tensors: Record<string, HostTensor>;
  /** The network's class in the reference, where the file says. */
  className?: string;
  /** What it was made with, by the reference's names. */
  initKwargs?: Record<string, unknown>;
  /** Its positional arguments, where it was made with some. */
  initArgs?: unknown[];
  /** Where in the file the tensors come from; '' for the whole file. */
  part: string;
  provenance: Omit<CheckpointDescription, 'tensors'>;
};

/** Options of `readCheckpoint`. */
export type ReadOptions = Widening & {
  /**
   * Default: 'ema', else 'net', else the only network, else ''; '' reads everything. Prefixes that all names of the part
   * share because the network was wrapped when it was saved ('module.', '_orig_mod.') are left out, but not with ''.
   */
  part?: string;
  /** For a file that is refused as too large to be a checkpoint and is none the less. */
  limits?: Partial<PickleLimits>;
};

/** Parses a source, but for its tensors' values. */
const parse = async (
  source: ByteSource,
  name: string,
  limits: Partial<PickleLimits>,
): Promise<CheckpointContent & { format: CheckpointFormat }> => {
  const format = recogniseFormat(source, name);
  if (format === 'safetensors') return { format, ...safetensorsContent(source) };
  const budget = { ...pickleLimits(source.size), ...limits };
  if (format === 'torch-zip') return { format, ...contentOf(await readZipContainer(source, CHECKPOINT_RULES, budget)) };
  const range = { source, start: 0, length: source.size };
  const { value, end } = readPickle(range, CHECKPOINT_RULES, budget);
  if (isLegacyMagic(value))
    return { format: 'torch-legacy', ...contentOf(readLegacyContainer(range, CHECKPOINT_RULES, budget)) };
  if (end < source.size) {
    if (typeof value === 'number' || typeof value === 'bigint')
      throw new CheckpointError(
        'torch-magic',
        'PyTorch container: it does not begin with the number that PyTorch writes',
      );
    throw new CheckpointError('trailing-bytes', `pickle: ${source.size - end} bytes after its end`);
  }
  return { format, ...contentOf(value) };
};

const EXPANSION = 4; // views of shared storages may take this many times the file's size
const EXPANSION_FREE = 2 ** 25; // bytes

/** Views can make much of few bytes, and read the same bytes often; a checkpoint of trained tensors never does. */
const checkExpansion = (views: Iterable<TensorView>, fileBytes: number): void => {
  let [made, read] = [0, 0];
  for (const view of views) {
    made += shapeSize(view.shape) * byteWidth(view.dtype);
    read += bytesRead(view);
  }
  const most = EXPANSION * fileBytes + EXPANSION_FREE;
  if (Math.max(made, read) > most)
    throw new CheckpointError(
      'limit-expansion',
      `its tensors would take ${made} bytes and read ${read}, the file has ${fileBytes}`,
    );
};

/** Prefixes of all names of a network that was wrapped for several devices, or compiled, when it was saved. */
const WRAPPERS = ['module', '_orig_mod'];

const isWithin = (part: string, names: readonly string[]): boolean =>
  names.length > 0 && names.every(name => name.startsWith(`${part}.`));

/** What stands before the first dot of a tensor's path; a name without one is of no part. */
const partsOf = (names: readonly string[]): Set<string> =>
  new Set(names.filter(name => name.includes('.')).map(name => name.split('.', 1)[0]));

/** The part to read: as asked for, or the network that one would sample from. */
const choosePart = (names: readonly string[], parts: readonly CheckpointPart[], asked: string | undefined): string => {
  if (asked === undefined) {
    // EDM2's training states keep their averages as lists under 'ema', which is no network.
    const known = new Set([
      ...parts.map(({ name }) => name),
      ...partsOf(names.filter(name => !name.startsWith('ema.emas.'))),
    ]);
    return ['ema', 'net'].find(name => known.has(name)) ?? (parts.length === 1 ? parts[0].name : '');
  }
  if (asked !== '' && !names.some(name => name.startsWith(`${asked}.`)))
    throw new CheckpointError(
      'no-part',
      `no part '${asked}' with tensors; there are ${[...partsOf(names)].slice(0, 20).join(', ') || 'none'}`,
    );
  return asked;
};

/** The part, and what its names begin with: wrappers are left out, unless everything is asked for. */
const prefixOf = (names: readonly string[], part: string, asked: string | undefined): string => {
  let prefix = part === '' ? '' : `${part}.`;
  if (asked === '') return prefix;
  const own = names.filter(name => name.startsWith(prefix));
  for (;;) {
    const wrapper = WRAPPERS.find(name => isWithin(prefix + name, own));
    if (wrapper === undefined) return prefix;
    prefix += `${wrapper}.`;
  }
};

/** A checkpoint from any source of bytes; `name` is what its file is called. */
export const readCheckpointFrom = async (
  source: ByteSource,
  name: string,
  { part: asked, limits = {}, ...widening }: ReadOptions = {},
): Promise<Checkpoint> => {
  const { format, ...content } = await parse(source, name, limits);
  const { views, unread, parts, values } = content;
  const names = [...views.keys(), ...unread.keys()];
  if (names.length === 0) throw new CheckpointError('no-tensors', 'there is no tensor in this file');
  const part = choosePart(names, parts, asked);
  const prefix = prefixOf(names, part, asked);
  const other = [...unread].find(([path]) => path.startsWith(prefix));
  if (other)
    throw new CheckpointError('dtype', `tensor '${other[0]}' is of ${other[1].dtype}: listed, but not read here`);
  const chosen = [...views].filter(([path]) => path.startsWith(prefix));
  if (chosen.length === 0)
    throw new CheckpointError('no-tensors', `there is no tensor in '${part}', a part of this file`);
  checkExpansion(
    chosen.map(([, view]) => view),
    source.size,
  );
  const tensors = Object.create(null) as Record<string, HostTensor>;
  for (const [path, view] of chosen) {
    const key = path.slice(prefix.length);
    tensors[key] = widen(key, await readView(view), widening);
  }
  const network = parts.find(each => each.name === part);
  const provenance = { format, file: name, bytes: source.size, parts, values };
  return {
    tensors,
    ...(network && { className: network.className, initKwargs: network.initKwargs }),
    ...(network?.initArgs && { initArgs: network.initArgs }),
    part,
    provenance,
  };
};

/**
 * Reads a checkpoint: EDM and EDM2 snapshots (pickles of any protocol), PyTorch's .pt and .pth (zip and legacy), their
 * training states, safetensors. What it is follows from its content. The file is data to this reader: nothing in it is
 * run, only names on a list are understood, and sizes are checked before memory is taken. Files of any size are read by
 * range. Weights lie as in PyTorch, see `fromReference`.
 * @throws CheckpointError with the code of what is wrong; ArgumentError for an unknown option; Node's error if the file
 * cannot be read.
 */
export const readCheckpoint = async (path: string, options: ReadOptions = {}): Promise<Checkpoint> => {
  expectKeys('readCheckpoint', options, ['part', 'limits', 'floats', 'integers']);
  return withFile(path, source => readCheckpointFrom(source, basename(path), options));
};

/** What a checkpoint holds, as `readCheckpoint` would read it, without reading its tensors. */
export const describeCheckpoint = async (path: string): Promise<CheckpointDescription> =>
  withFile(path, async source => {
    const { format, views, unread, parts, values } = await parse(source, basename(path), {});
    const tensors = Object.create(null) as CheckpointDescription['tensors'];
    for (const [name, { dtype, shape }] of [...views, ...unread]) tensors[name] = { dtype, shape };
    return { format, file: basename(path), bytes: source.size, tensors, parts, values };
  });
