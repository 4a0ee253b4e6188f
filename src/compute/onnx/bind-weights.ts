/*
 * Weights become part of a model: inputs are bound to constants, and what only rearranges a constant is done once, here,
 * so that the file holds the filters as the operators take them.
 */
import { type HostArray, type Shape, shapeSize } from '../host-arrays';
import type { OnnxModel, OnnxNode, OnnxTensor } from './onnx-file';

/** Part of an array, its elements in any order: element [i, j, ...] lies at offset + i strides[0] + j strides[1] + ... */
type View = { shape: Shape; data: Float32Array; strides: number[]; offset: number };

const view = ({ shape, data }: HostArray): View => {
  const strides = shape.map((_, axis) => shapeSize(shape.slice(axis + 1)));
  return { shape, data, strides, offset: 0 };
};

const copied = ({ shape, data, strides, offset }: View): HostArray => {
  const result = new Float32Array(shapeSize(shape));
  let to = 0;
  const walk = (axis: number, at: number): void => {
    if (axis === shape.length) result[to++] = data[at];
    else for (let i = 0; i < shape[axis]; i++) walk(axis + 1, at + i * strides[axis]);
  };
  walk(0, offset);
  return { shape, data: result };
};

const part = (x: View, axis: number, begin: number, end: number): View => ({
  ...x,
  shape: x.shape.map((n, i) => (i === axis ? end - begin : n)),
  offset: x.offset + begin * x.strides[axis],
});

/** What each operation makes of a weight; undefined where it cannot be told here. */
const REARRANGEMENTS: Record<string, (x: HostArray, node: OnnxNode, vectors: number[][]) => HostArray[] | undefined> = {
  Reshape: ({ data }, _, [shape]) => (shape.every(n => n > 0) ? [{ shape, data }] : undefined),
  Transpose: (x, { attributes }) => {
    const order = attributes.perm as number[];
    const { shape, strides, ...rest } = view(x);
    return [copied({ ...rest, shape: order.map(axis => shape[axis]), strides: order.map(axis => strides[axis]) })];
  },
  Slice: (x, _, [begins, ends, axes]) => [
    copied(axes.reduce((y, axis, i) => part(y, axis, begins[i], ends[i]), view(x))),
  ],
  Split: (x, { attributes }, [sizes]) => {
    let begin = 0;
    return sizes.map(size => copied(part(view(x), attributes.axis as number, begin, (begin += size))));
  },
};

/**
 * The model with the inputs that `weights` names bound to these values. Initialisers keep the names of the weights;
 * where one weight is needed in several forms they are numbered.
 * @throws Error when a weight is not an input of the model or has another shape.
 */
export const bindWeights = (model: OnnxModel, weights: Readonly<Record<string, HostArray>>): OnnxModel => {
  const constants = new Map(model.initializers.map(tensor => [tensor.name, tensor]));
  const known = new Map<string, HostArray & { origin: string }>(); // by name in the graph
  for (const [origin, weight] of Object.entries(weights)) {
    const input = model.inputs.find(({ name }) => name === origin);
    if (input?.shape.join() !== weight.shape.join())
      throw new Error(`weight ${origin} [${weight.shape}] does not fit the model's input [${input?.shape ?? 'none'}]`);
    known.set(origin, { ...weight, origin });
  }
  const nodes = model.nodes.filter(node => {
    const [first, ...rest] = node.inputs;
    const [x, rearrange] = [known.get(first), REARRANGEMENTS[node.op]];
    if (!x || !rearrange || !rest.every(name => constants.has(name))) return true;
    const vectors = rest.map(name => Array.from(constants.get(name)!.data as BigInt64Array, Number));
    const results = rearrange(x, node, vectors);
    results?.forEach((weight, i) => known.set(node.outputs[i], { ...weight, origin: x.origin }));
    return results === undefined;
  });

  const used = new Set(nodes.flatMap(node => node.inputs));
  const forms = new Map<string, string[]>(); // names in the graph by weight
  for (const [name, { origin }] of known) if (used.has(name)) forms.set(origin, [...(forms.get(origin) ?? []), name]);
  const names = new Map<string, string>();
  for (const [origin, graphNames] of forms)
    graphNames.forEach((name, i) => names.set(name, graphNames.length === 1 ? origin : `${origin}.${i}`));
  const bound = [...names].map(([name, final]): OnnxTensor => {
    const { shape, data } = known.get(name)!;
    return { name: final, type: 'float32', shape, data };
  });
  return {
    ...model,
    nodes: nodes.map(node => ({ ...node, inputs: node.inputs.map(name => names.get(name) ?? name) })),
    inputs: model.inputs.filter(({ name }) => !(name in weights)),
    values: model.values?.filter(({ name }) => !known.has(name)),
    initializers: [...model.initializers.filter(({ name }) => used.has(name)), ...bound],
  };
};
