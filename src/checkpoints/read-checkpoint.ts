import { shapeSize } from '../compute/host-arrays';
import { basename } from 'node:path';
import { expectKeys } from '../compute/check';
import { CHECKPOINT_RULES } from './allowed-globals';
import { type ByteSource, withFile } from './byte-source';
import { type CheckpointContent, type CheckpointPart, contentOf } from './checkpoint-content';
import { CheckpointError } from './checkpoint-error';
import { type CheckpointFormat, recogniseFormat } from './checkpoint-format';
import { byteWidth, type HostTensor } from './host-tensor';
import { readPickle } from './pickle';
import { pickleLimits, type PickleLimits } from './pickle-machine';
import { safetensorsContent } from './safetensors-content';
import { readView, type TensorView } from './tensor-view';
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
  /** By path in the file. */
  tensors: Record<string, Pick<HostTensor, 'dtype' | 'shape'>>;
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
  /** Where in the file the tensors come from; '' for the whole file. */
  part: string;
  provenance: Omit<CheckpointDescription, 'tensors'>;
};

/** Options of `readCheckpoint`. */
export type ReadOptions = Widening & {
  /** Default: 'ema', else 'net', else the only network, else ''; '' reads everything. */
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
const EXPANSION_FREE = 2 ** 26; // bytes

/** Views can make much of few bytes; a checkpoint of trained tensors never does. */
const checkExpansion = (views: Iterable<TensorView>, fileBytes: number): void => {
  let bytes = 0;
  for (const { dtype, shape } of views) bytes += shapeSize(shape) * byteWidth(dtype);
  if (bytes > EXPANSION * fileBytes + EXPANSION_FREE)
    throw new CheckpointError('limit-expansion', `its tensors would take ${bytes} bytes, the file has ${fileBytes}`);
};

/** The part to read: as asked for, or the network that one would sample from. */
const choosePart = ({ views, parts }: CheckpointContent, asked: string | undefined): string => {
  const names = parts.map(part => part.name);
  if (asked === undefined)
    return ['ema', 'net'].find(name => names.includes(name)) ?? (names.length === 1 ? names[0] : '');
  const known = new Set([...views.keys()].map(name => name.split('.')[0]));
  if (asked !== '' && ![...views.keys()].some(name => name.startsWith(`${asked}.`)))
    throw new CheckpointError(
      'no-part',
      `no part '${asked}' with tensors; there are ${[...known].slice(0, 20).join(', ')}`,
    );
  return asked;
};

/** A checkpoint from any source of bytes; `name` is what its file is called. */
export const readCheckpointFrom = async (
  source: ByteSource,
  name: string,
  { part: asked, limits = {}, ...widening }: ReadOptions = {},
): Promise<Checkpoint> => {
  const { format, ...content } = await parse(source, name, limits);
  const { views, parts, values } = content;
  if (views.size === 0) throw new CheckpointError('no-tensors', 'there is no tensor in this file');
  const part = choosePart(content, asked);
  const prefix = part === '' ? '' : `${part}.`;
  const chosen = [...views].filter(([path]) => path.startsWith(prefix));
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
    const { format, views, parts, values } = await parse(source, basename(path), {});
    const tensors = Object.create(null) as CheckpointDescription['tensors'];
    for (const [name, { dtype, shape }] of views) tensors[name] = { dtype, shape };
    return { format, file: basename(path), bytes: source.size, tensors, parts, values };
  });
