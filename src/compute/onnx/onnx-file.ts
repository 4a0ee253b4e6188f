/*
 * ONNX files through protobufjs: the part of the public schema (onnx.proto, IR version 9) that a graph needs. The field
 * numbers are the schema's.
 */
import type { Shape } from '../host-arrays';
import { Root } from 'protobufjs/light';

export type OnnxType = 'float32' | 'float64' | 'int32' | 'int64' | 'uint8' | 'bool';
export type OnnxAttribute = number | { float: number } | string | readonly number[]; // a plain number is an integer

export type OnnxNode = {
  op: string;
  /** '' is standard ONNX. */
  domain: string;
  /** '' where an optional input is absent. */
  inputs: readonly string[];
  outputs: readonly string[];
  attributes: Readonly<Record<string, OnnxAttribute>>;
};
export type OnnxTensor = { name: string; type: OnnxType; shape: Shape; data: ArrayBufferView };
/** An input or output; a size that is text is a dynamic one with that name. */
export type OnnxValue = { name: string; type: OnnxType; shape: readonly (number | string)[]; anyShape?: true };

export type OnnxModel = {
  nodes: readonly OnnxNode[];
  inputs: readonly OnnxValue[];
  outputs: readonly OnnxValue[];
  initializers: readonly OnnxTensor[];
  /** Shapes of results on the way, as far as they are known. */
  values?: readonly OnnxValue[];
  metadata?: Readonly<Record<string, string>>;
};

/** ONNX gives every name once: a result that is called like an input has this ending in the file. */
export const NEXT = '.next';

const OPSET = 18;
const IR_VERSION = 9;
/** Numbers of the element types. */
const TYPES: Record<OnnxType, number> = { float32: 1, float64: 11, uint8: 2, int32: 6, int64: 7, bool: 9 };
const ATTRIBUTE = { float: 1, integer: 2, text: 3, integers: 7 };

const field = (type: string, id: number) => ({ type, id });
const many = (type: string, id: number) => ({ rule: 'repeated', type, id });

const SCHEMA = Root.fromJSON({
  nested: {
    Pair: { fields: { key: field('string', 1), value: field('string', 2) } },
    Opset: { fields: { domain: field('string', 1), version: field('int64', 2) } },
    Dimension: {
      oneofs: { kind: { oneof: ['value', 'name'] } },
      fields: { value: field('int64', 1), name: field('string', 2) },
    },
    Shape: { fields: { dim: many('Dimension', 1) } },
    TensorType: { fields: { elemType: field('int32', 1), shape: field('Shape', 2) } },
    Type: { fields: { tensorType: field('TensorType', 1) } },
    ValueInfo: { fields: { name: field('string', 1), type: field('Type', 2) } },
    Tensor: {
      fields: {
        dims: { ...many('int64', 1), options: { packed: true } },
        dataType: field('int32', 2),
        floatData: { ...many('float', 4), options: { packed: true } },
        int32Data: { ...many('int32', 5), options: { packed: true } },
        int64Data: { ...many('int64', 7), options: { packed: true } },
        name: field('string', 8),
        rawData: field('bytes', 9),
      },
    },
    Attribute: {
      fields: {
        name: field('string', 1),
        f: field('float', 2),
        i: field('int64', 3),
        s: field('bytes', 4),
        t: field('Tensor', 5),
        floats: { ...many('float', 7), options: { packed: true } },
        ints: { ...many('int64', 8), options: { packed: true } },
        type: field('int32', 20),
      },
    },
    Node: {
      fields: {
        input: many('string', 1),
        output: many('string', 2),
        name: field('string', 3),
        opType: field('string', 4),
        attribute: many('Attribute', 5),
        domain: field('string', 7),
      },
    },
    Graph: {
      fields: {
        node: many('Node', 1),
        name: field('string', 2),
        initializer: many('Tensor', 5),
        input: many('ValueInfo', 11),
        output: many('ValueInfo', 12),
        valueInfo: many('ValueInfo', 13),
      },
    },
    Model: {
      fields: {
        irVersion: field('int64', 1),
        producerName: field('string', 2),
        graph: field('Graph', 7),
        opsetImport: many('Opset', 8),
        metadataProps: many('Pair', 14),
      },
    },
  },
});
/** A model, for reading and for writing. */
export const MODEL = SCHEMA.lookupType('Model');

const attributeMessage = (name: string, value: OnnxAttribute): object => {
  if (typeof value === 'number') return { name, i: value, type: ATTRIBUTE.integer };
  if (typeof value === 'string') return { name, s: Buffer.from(value), type: ATTRIBUTE.text };
  if ('float' in value) return { name, f: value.float, type: ATTRIBUTE.float };
  return { name, ints: value, type: ATTRIBUTE.integers };
};

const valueMessage = ({ name, type, shape, anyShape }: OnnxValue): object => {
  const elemType = TYPES[type];
  if (anyShape) return { name, type: { tensorType: { elemType } } };
  const dim = shape.map(size => (typeof size === 'number' ? { value: size } : { name: size }));
  return { name, type: { tensorType: { elemType, shape: { dim } } } };
};

const tensorMessage = ({ name, type, shape, data }: OnnxTensor): object => ({
  dims: shape,
  dataType: TYPES[type],
  name,
  rawData: new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
});

/** The bytes of an ONNX file. The same model gives the same bytes. */
export const encodeOnnx = ({
  nodes,
  inputs,
  outputs,
  initializers,
  values = [],
  metadata = {},
}: OnnxModel): Uint8Array => {
  const domains = [...new Set(nodes.map(node => node.domain).filter(domain => domain !== ''))].sort();
  const message = {
    irVersion: IR_VERSION,
    producerName: 'cosim',
    opsetImport: [{ domain: '', version: OPSET }, ...domains.map(domain => ({ domain, version: 1 }))],
    metadataProps: Object.entries(metadata).map(([key, value]) => ({ key, value })),
    graph: {
      name: 'cosim',
      node: nodes.map(({ op, domain, inputs: input, outputs: output, attributes }, i) => ({
        input,
        output,
        name: `${op}_${i}`,
        opType: op,
        attribute: Object.entries(attributes).map(([name, value]) => attributeMessage(name, value)),
        ...(domain === '' ? {} : { domain }),
      })),
      initializer: initializers.map(tensorMessage),
      input: inputs.map(valueMessage),
      output: outputs.map(valueMessage),
      valueInfo: values.map(valueMessage),
    },
  };
  return MODEL.encode(MODEL.fromObject(message)).finish();
};

/**
 * The metadata of an ONNX file: names and texts.
 * @throws Error where the bytes are no protocol buffer of that schema.
 */
export const onnxMetadata = (bytes: Uint8Array): Record<string, string> => {
  const { metadataProps = [] } = MODEL.decode(bytes) as { metadataProps?: { key: string; value: string }[] };
  return Object.fromEntries(metadataProps.map(({ key, value }) => [key, value]));
};
