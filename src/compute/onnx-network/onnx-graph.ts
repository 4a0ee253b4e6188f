/* What an ONNX file says, in plain values: nodes, constants, inputs and outputs. Sizes are checked before anything is made. */
import { ArgumentError } from '../check';
import { shapeSize } from '../host-arrays';
import { MODEL } from '../onnx/onnx-file';

/** A tensor whose numbers the file holds. */
export type Constant = { shape: number[]; data: Float32Array | Int32Array; integer: boolean };

/** Value of a node's attribute. */
export type Attribute = number | string | number[] | Constant;

/** One node; an optional input that is absent is ''. */
export type Node = {
  op: string;
  name: string;
  domain: string;
  inputs: string[];
  outputs: string[];
  attributes: Readonly<Record<string, Attribute | undefined>>;
};

/** An input or output as the file states it; sizes that it leaves open are text, a shape of none is not stated. */
export type GraphValue = { name: string; type: string; shape: (number | string)[] };

/** A whole network, as its file has it. */
export type OnnxGraph = {
  opset: number; // version of the standard operators
  nodes: Node[];
  constants: Map<string, Constant>;
  inputs: GraphValue[];
  outputs: GraphValue[];
};

/** An ONNX network that cannot become a function of tensors here; the message names the node and what it asks for. */
export class OnnxOperatorError extends Error {
  override name = 'OnnxOperatorError';
}

const MAX_RANK = 8;
const MAX_ELEMENTS = 2 ** 29; // 2 GiB of float32, more than a protocol buffer holds

type Long = number | { toString: () => string };
type TensorMessage = {
  name: string;
  dims: Long[];
  dataType: number;
  rawData: Uint8Array;
  floatData: number[];
  int32Data: number[];
  int64Data: Long[];
  dataLocation?: number;
};
type AttributeMessage = {
  name: string;
  type: number;
  f: number;
  i: Long;
  s: Uint8Array;
  t?: TensorMessage;
  floats: number[];
  ints: Long[];
};
type NodeMessage = {
  opType: string;
  name: string;
  domain: string;
  input: string[];
  output: string[];
  attribute: AttributeMessage[];
};
type ValueMessage = {
  name: string;
  type?: { tensorType?: { elemType: number; shape?: { dim: { value?: Long; name?: string; kind?: string }[] } } };
};
type ModelMessage = {
  graph?: { node: NodeMessage[]; initializer: TensorMessage[]; input: ValueMessage[]; output: ValueMessage[] };
  opsetImport: { domain: string; version: Long }[];
};

const integer = (n: Long): number => Number(String(n));

/** Element types that a constant may have: bytes of an element, what reads one, and whether it counts. */
const ELEMENTS: Partial<Record<number, { bytes: number; read: (view: DataView, at: number) => number; integer: boolean }>> = {
  1: { bytes: 4, read: (view, at) => view.getFloat32(at, true), integer: false },
  2: { bytes: 1, read: (view, at) => view.getUint8(at), integer: true },
  3: { bytes: 1, read: (view, at) => view.getInt8(at), integer: true },
  6: { bytes: 4, read: (view, at) => view.getInt32(at, true), integer: true },
  7: { bytes: 8, read: (view, at) => Number(view.getBigInt64(at, true)), integer: true },
  9: { bytes: 1, read: (view, at) => view.getUint8(at), integer: true },
  11: { bytes: 8, read: (view, at) => view.getFloat64(at, true), integer: false },
}; // prettier-ignore

const constantOf = (message: TensorMessage): Constant => {
  const where = `tensor '${message.name}'`;
  const shape = message.dims.map(integer);
  const count = shapeSize(shape);
  if (shape.length > MAX_RANK || shape.some(n => !(n >= 0)) || count > MAX_ELEMENTS)
    throw new ArgumentError(`${where} is said to have the shape [${shape.join(', ')}]`);
  const element = ELEMENTS[message.dataType];
  if (!element) throw new OnnxOperatorError(`${where}: elements of type ${message.dataType} are not read`);
  const { bytes, read, integer: counts } = element;
  const data = counts ? new Int32Array(count) : new Float32Array(count);
  const typed = [message.floatData, message.int32Data, message.int64Data].find(list => list.length > 0);
  const size = message.rawData.length;
  if (typed && size === 0) {
    if (typed.length !== count) throw new ArgumentError(`${where}: ${typed.length} numbers for [${shape.join(', ')}]`);
    typed.forEach((x, i) => (data[i] = clamped(integer(x), counts)));
    return { shape, data, integer: counts };
  }
  if (size !== count * bytes) throw new ArgumentError(`${where}: ${size} bytes for [${shape.join(', ')}]`);
  if (message.dataType === 1)
    // as it is, also where there are hundreds of millions
    return { shape, data: new Float32Array(new Uint8Array(message.rawData).buffer), integer: false };
  const view = new DataView(message.rawData.buffer, message.rawData.byteOffset, size);
  for (let i = 0; i < count; i++) data[i] = clamped(read(view, i * bytes), counts);
  return { shape, data, integer: counts };
};

/** Integers beyond 32 bits mean "to the end": the largest number says so too. */
const clamped = (x: number, counts: boolean): number => (counts ? Math.max(-(2 ** 31), Math.min(2 ** 31 - 1, x)) : x);

const attributeOf = (node: string, message: AttributeMessage): Attribute => {
  const { type } = message;
  if (type === 1) return message.f;
  if (type === 2) return integer(message.i);
  if (type === 3) return Buffer.from(message.s).toString('utf8');
  if (type === 4 && message.t) return constantOf(message.t);
  if (type === 6) return [...message.floats];
  if (type === 7) return message.ints.map(integer);
  throw new OnnxOperatorError(`node '${node}': the attribute ${message.name} of type ${type} is not known`);
};

const nodeOf = ({ opType, name, domain, input, output, attribute }: NodeMessage): Node => ({
  op: opType,
  name: name === '' ? (output[0] ?? opType) : name,
  domain: domain === 'ai.onnx' ? '' : domain,
  inputs: [...input],
  outputs: [...output],
  attributes: Object.fromEntries(attribute.map(one => [one.name, attributeOf(name, one)])),
});

const TYPE_NAMES: Partial<Record<number, string>> = { 1: 'float32', 2: 'uint8', 3: 'int8', 6: 'int32', 7: 'int64', 9: 'bool', 10: 'float16', 11: 'float64' }; // prettier-ignore

const valueOf = ({ name, type }: ValueMessage): GraphValue => {
  const { elemType = 0, shape } = type?.tensorType ?? {};
  const dims = (shape?.dim ?? []).map(dim => (dim.kind === 'value' ? integer(dim.value!) : (dim.name ?? '')));
  return { name, type: TYPE_NAMES[elemType] ?? `number ${elemType}`, shape: dims };
};

/**
 * Reads the bytes of an ONNX file.
 * @throws ArgumentError for a damaged one, OnnxOperatorError for what is not known here
 */
export const readOnnxGraph = (bytes: Uint8Array): OnnxGraph => {
  let message: ModelMessage;
  try {
    message = MODEL.decode(bytes) as unknown as ModelMessage;
  } catch (error) {
    throw new ArgumentError(`damaged: ${(error as Error).message}`);
  }
  const { graph, opsetImport } = message;
  if (!graph) throw new ArgumentError('damaged: no graph');
  const constants = new Map(graph.initializer.map(tensor => [tensor.name, constantOf(tensor)]));
  const standard = opsetImport.find(({ domain }) => domain === '' || domain === 'ai.onnx');
  return {
    opset: standard ? integer(standard.version) : 1,
    nodes: graph.node.map(nodeOf),
    constants,
    inputs: graph.input.filter(({ name }) => !constants.has(name)).map(valueOf),
    outputs: graph.output.map(valueOf),
  };
};
