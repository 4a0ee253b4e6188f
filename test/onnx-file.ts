import { Root } from 'protobufjs/light';

/** What tests look at in an ONNX file, read by a schema of their own (field numbers of the public onnx.proto). */
export type OnnxFile = {
  opsets: { domain: string; version: number }[];
  nodes: { op: string; domain: string; inputs: string[]; outputs: string[] }[];
  weights: Record<string, { dims: number[]; data: Float32Array | undefined }>; // data of float tensors
  inputs: Record<string, (number | string)[]>;
  outputs: Record<string, (number | string)[]>;
  metadata: Record<string, string>;
};

const schema = Root.fromJSON({
  nested: {
    P: { fields: { k: { type: 'string', id: 1 }, v: { type: 'string', id: 2 } } },
    O: { fields: { domain: { type: 'string', id: 1 }, version: { type: 'int32', id: 2 } } },
    D: { fields: { value: { type: 'int32', id: 1 }, param: { type: 'string', id: 2 } } },
    S: { fields: { dim: { rule: 'repeated', type: 'D', id: 1 } } },
    TT: { fields: { shape: { type: 'S', id: 2 } } },
    Ty: { fields: { tensor: { type: 'TT', id: 1 } } },
    V: { fields: { name: { type: 'string', id: 1 }, type: { type: 'Ty', id: 2 } } },
    T: {
      fields: {
        dims: { rule: 'repeated', type: 'int32', id: 1 },
        kind: { type: 'int32', id: 2 },
        name: { type: 'string', id: 8 },
        raw: { type: 'bytes', id: 9 },
      },
    },
    N: {
      fields: {
        input: { rule: 'repeated', type: 'string', id: 1 },
        output: { rule: 'repeated', type: 'string', id: 2 },
        op: { type: 'string', id: 4 },
        domain: { type: 'string', id: 7 },
      },
    },
    G: {
      fields: {
        node: { rule: 'repeated', type: 'N', id: 1 },
        weight: { rule: 'repeated', type: 'T', id: 5 },
        input: { rule: 'repeated', type: 'V', id: 11 },
        output: { rule: 'repeated', type: 'V', id: 12 },
      },
    },
    M: {
      fields: {
        graph: { type: 'G', id: 7 },
        opset: { rule: 'repeated', type: 'O', id: 8 },
        meta: { rule: 'repeated', type: 'P', id: 14 },
      },
    },
  },
});

type Named = { name: string; type: { tensor: { shape: { dim: { value: number; param: string }[] } } } };
type Message = {
  graph: {
    node: { input: string[]; output: string[]; op: string; domain: string }[];
    weight: { dims: number[]; kind: number; name: string; raw: Uint8Array }[];
    input: Named[];
    output: Named[];
  };
  opset: { domain: string; version: number }[];
  meta: { k: string; v: string }[];
};

const shapes = (values: Named[]): Record<string, (number | string)[]> =>
  Object.fromEntries(
    values.map(({ name, type }) => [name, type.tensor.shape.dim.map(({ value, param }) => param || value)]),
  );

export const parseOnnx = (bytes: Uint8Array): OnnxFile => {
  const { graph, opset, meta } = schema.lookupType('M').decode(bytes) as unknown as Message;
  const floats = (raw: Uint8Array): Float32Array => new Float32Array(Uint8Array.from(raw).buffer);
  return {
    opsets: opset.map(({ domain, version }) => ({ domain, version })),
    nodes: graph.node.map(({ op, domain, input, output }) => ({ op, domain, inputs: input, outputs: output })),
    weights: Object.fromEntries(
      graph.weight.map(({ name, dims, kind, raw }) => [name, { dims, data: kind === 1 ? floats(raw) : undefined }]),
    ),
    inputs: shapes(graph.input),
    outputs: shapes(graph.output),
    metadata: Object.fromEntries(meta.map(({ k, v }) => [k, v])),
  };
};
