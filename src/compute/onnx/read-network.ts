/*
 * Reading ONNX files of others. Weights in files of their own are read from beside the network, never from elsewhere, and
 * become part of the bytes that are run and hashed; a file that asks for more memory than any network is refused before
 * ONNX Runtime sees it.
 */
import { createHash } from 'node:crypto';
import { open, realpath, stat } from 'node:fs/promises';
import { dirname, isAbsolute, join, relative, sep } from 'node:path';
import { ArgumentError, fail } from '../check';
import { bytesField, fieldsOf, textOf, type WireField } from '../wire';

/** A network as one piece of memory, and the hash of the file and of all that it refers to. */
export type NetworkBytes = { bytes: Uint8Array; sha256: string };

/** Messages of onnx.proto that may hold tensors, by the numbers of the fields that do. */
const HOLDERS: Record<string, Record<number, string>> = {
  model: { 7: 'graph', 25: 'function' },
  graph: { 1: 'node', 5: 'tensor', 15: 'sparse' },
  function: { 7: 'node' },
  node: { 5: 'attribute' },
  attribute: { 5: 'tensor', 6: 'graph', 10: 'tensor', 11: 'graph', 22: 'sparse', 23: 'sparse' },
  sparse: { 1: 'tensor', 2: 'tensor' },
};

const MAX_DEPTH = 64;
const LARGEST_NETWORK = 2 ** 31 - 1; // bytes; what a protocol buffer can be
const LARGEST_RESULT = 2 ** 28; // elements of one tensor: a GiB of float32

/** Fields of a TensorProto. */
const TENSOR = { dims: 1, name: 8, rawData: 9, externalData: 13, dataLocation: 14 };

/** Where a tensor's bytes lie: a file beside the network, from an offset on. */
type External = { tensor: string; location: string; offset: number; length?: number };

const externalOf = (bytes: Uint8Array, fields: readonly WireField[]): External | undefined => {
  if (!fields.some(({ number, value }) => number === TENSOR.dataLocation && value === 1)) return undefined;
  const entries: Record<string, string> = Object.create(null) as Record<string, string>;
  for (const field of fields) {
    if (field.number !== TENSOR.externalData) continue;
    const [key, value] = [1, 2].map(number =>
      [...fieldsOf(bytes, field.from, field.to)].find(inner => inner.number === number),
    );
    if (key && value) entries[textOf(bytes, key)] = textOf(bytes, value);
  }
  const name = fields.find(({ number }) => number === TENSOR.name);
  const tensor = name ? textOf(bytes, name) : '';
  const { location = '', offset = '0', length } = entries as Partial<Record<string, string>>;
  for (const text of [offset, length])
    if (text !== undefined && !/^\d{1,15}$/.test(text))
      throw new ArgumentError(`tensor '${tensor}': its external data begin or end at '${text}'`);
  return { tensor, location, offset: Number(offset), ...(length !== undefined && { length: Number(length) }) };
};

type Read = (external: External) => Promise<Uint8Array>;

/** A message with the external data of its tensors in it, in pieces; undefined where nothing changes. */
const inlined = async (
  bytes: Uint8Array,
  kind: string,
  { from, to }: { from: number; to: number },
  read: Read,
  depth = 0,
): Promise<Uint8Array[] | undefined> => {
  if (depth > MAX_DEPTH) throw new ArgumentError(`graphs nested more than ${MAX_DEPTH} deep`);
  const fields = [...fieldsOf(bytes, from, to)];
  if (kind === 'tensor') {
    const external = externalOf(bytes, fields);
    if (!external) return undefined;
    const kept = fields.filter(
      ({ number }) => number !== TENSOR.externalData && number !== TENSOR.dataLocation && number !== TENSOR.rawData,
    );
    const pieces = kept.map(field => bytes.subarray(field.start, field.to));
    return [...pieces, ...bytesField(TENSOR.rawData, [await read(external)])];
  }
  const pieces: Uint8Array[] = [];
  let changed = false;
  for (const field of fields) {
    const inner = field.wire === 2 ? (HOLDERS[kind][field.number] as string | undefined) : undefined;
    const replaced = inner === undefined ? undefined : await inlined(bytes, inner, field, read, depth + 1);
    changed ||= replaced !== undefined;
    pieces.push(...(replaced ? bytesField(field.number, replaced) : [bytes.subarray(field.start, field.to)]));
  }
  return changed ? pieces : undefined;
};

/** Reads a whole file, or a part of it. */
const readPart = async (path: string, offset = 0, length?: number): Promise<Uint8Array> => {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    const count = length ?? size - offset;
    if (!(count >= 0 && offset + count <= size))
      throw new ArgumentError(`${path}: bytes ${offset} to ${offset + count} are asked for, the file has ${size}`);
    if (count > LARGEST_NETWORK) throw new ArgumentError(`${path}: ${count} bytes; a network has less than 2 GiB`);
    const bytes = new Uint8Array(count);
    let at = 0;
    while (at < count) {
      const { bytesRead } = await file.read(bytes, at, count - at, offset + at);
      if (bytesRead === 0) throw new ArgumentError(`${path}: it became shorter while it was read`);
      at += bytesRead;
    }
    return bytes;
  } finally {
    await file.close();
  }
};

/** The file that a network's external data lie in. @throws ArgumentError for one outside of the network's folder */
const besideNetwork = async (path: string, { tensor, location }: External): Promise<string> => {
  const refuse = (what: string): never => {
    throw new ArgumentError(`the weights of '${tensor}' are ${what}`);
  };
  const folder = await realpath(dirname(path));
  const named = join(folder, location);
  const outside = (file: string): boolean => {
    const way = relative(folder, file);
    return way === '' || way === '..' || way.startsWith(`..${sep}`) || isAbsolute(way);
  };
  if (location === '' || isAbsolute(location) || outside(named))
    refuse(`in '${location}', which is not a file in the network's folder`);
  const file = await realpath(named).catch(() => refuse(`in '${location}', which is not beside the network`));
  if (outside(file) || !(await stat(file)).isFile())
    refuse(`in '${location}', which leads out of the network's folder`);
  return file;
};

/** Operators whose result has a shape that an input says, and the place of that input. */
const SHAPED: Partial<Record<string, number>> = { Expand: 1, ConstantOfShape: 0, Tile: 1, Resize: 3, Upsample: 1 };

/** Small lists of integers in a graph, by name: the constants that shapes are made of. */
const integersOf = (bytes: Uint8Array, { from, to }: WireField): { name: string; values: number[] } => {
  const fields = [...fieldsOf(bytes, from, to)];
  const name = fields.find(({ number }) => number === TENSOR.name);
  const raw = fields.find(({ number }) => number === TENSOR.rawData);
  const type = fields.find(({ number }) => number === 2)?.value;
  const values: number[] = [];
  if (raw && type === 7 && raw.to - raw.from <= 256) {
    const view = new DataView(bytes.buffer, bytes.byteOffset + raw.from, raw.to - raw.from);
    for (let at = 0; at + 8 <= view.byteLength; at += 8) values.push(Number(view.getBigInt64(at, true)));
  }
  return { name: name ? textOf(bytes, name) : '', values };
};

/** @throws ArgumentError for an operator that is told to make a tensor beyond any network's. */
const expectSizes = (bytes: Uint8Array): void => {
  for (const graph of fieldsOf(bytes, 0, bytes.length)) {
    if (graph.number !== 7 || graph.wire !== 2) continue;
    const inner = [...fieldsOf(bytes, graph.from, graph.to)].filter(({ wire }) => wire === 2);
    const constants = new Map(
      inner
        .filter(({ number }) => number === 5)
        .map(field => integersOf(bytes, field))
        .map(({ name, values }) => [name, values]),
    );
    for (const node of inner) {
      if (node.number !== 1) continue;
      const fields = [...fieldsOf(bytes, node.from, node.to)];
      const operator = fields.find(({ number }) => number === 4);
      const type = operator ? textOf(bytes, operator) : '';
      const place = SHAPED[type];
      const input = place === undefined ? undefined : fields.filter(({ number }) => number === 1).at(place);
      const sizes = (input && constants.get(textOf(bytes, input))) ?? [];
      const elements = sizes.reduce((product, size) => product * Math.abs(size), 1);
      if (elements > LARGEST_RESULT)
        throw new ArgumentError(
          `the operator ${type} makes a tensor of [${sizes.join(', ')}]; ${LARGEST_RESULT} elements are the limit`,
        );
    }
  }
};

/**
 * A network of an ONNX file, with the external data that it refers to in it. The hash is the file's own where it refers
 * to none, else that of the file followed by those data in their order: of the very bytes that will be run.
 * @param asked what the error calls the function and the argument that the path was given to
 * @throws ArgumentError for a damaged file, external data outside of the file's folder, missing or too short, and a
 * tensor larger than any network has; Node's error where the file cannot be read.
 */
export const readNetwork = async (
  path: string,
  asked: { where: string; name: string } = { where: 'readNetwork', name: 'path' },
): Promise<NetworkBytes> => {
  const file = await readPart(path);
  const hash = createHash('sha256').update(file);
  let total = file.length;
  const read: Read = async external => {
    const data = await readPart(await besideNetwork(path, external), external.offset, external.length);
    total += data.length;
    if (total > LARGEST_NETWORK)
      throw new ArgumentError(`with its external data it has ${total} bytes; a network has less than 2 GiB`);
    hash.update(data);
    return data;
  };
  try {
    expectSizes(file);
    const pieces = await inlined(file, 'model', { from: 0, to: file.length }, read);
    return { bytes: pieces ? new Uint8Array(Buffer.concat(pieces)) : file, sha256: hash.digest('hex') };
  } catch (error) {
    if (error instanceof ArgumentError)
      return fail(asked.where, asked.name, `an ONNX network (${error.message})`, path);
    throw error;
  }
};
