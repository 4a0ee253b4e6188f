/*
 * A model for any batch size. The same function lowered at two sizes gives the same operations; integers that differ are
 * shapes, and must be multiples of the batch.
 */
import type { OnnxModel, OnnxNode, OnnxTensor, OnnxValue } from './onnx-file';

/** Thrown where a function cannot be written for any batch size; the message says why. */
export class FixedBatchError extends Error {
  override name = 'FixedBatchError';
}

/** A prime, and a number with other remainders by 2, 3, ...: what depends on the batch differs, sizes in proportion. */
const SIZES = [1009, 1022] as const;
const BATCH = 'batch';

/** A size as a number, or as so many batches. */
type Size = number | { batches: number };

const sizeOfBoth = (what: string, a: number, b: number): Size => {
  if (a === b) return a;
  const batches = a / SIZES[0];
  if (!Number.isInteger(batches) || batches * SIZES[1] !== b)
    throw new FixedBatchError(`${what} is ${a} for ${SIZES[0]} samples and ${b} for ${SIZES[1]}`);
  return { batches };
};

const isDynamic = (size: Size): size is { batches: number } => typeof size === 'object';

const valueOfBoth = (a: OnnxValue, b: OnnxValue): OnnxValue => ({
  ...a,
  shape: a.shape.map((n, axis) => {
    const size = sizeOfBoth(`axis ${axis} of ${a.name}`, Number(n), Number(b.shape[axis]));
    if (!isDynamic(size)) return size;
    return size.batches === 1 ? BATCH : `${BATCH}_${size.batches}`;
  }),
});

const bytesOf = ({ data }: OnnxTensor): Buffer => Buffer.from(data.buffer, data.byteOffset, data.byteLength);

const vector = (name: string, values: readonly number[]): OnnxTensor => ({
  name,
  type: 'int64',
  shape: [values.length],
  data: BigInt64Array.from(values.map(BigInt)),
});

/** Where the batch's size is read from: the first input that has it. */
const batchOf = (inputs: readonly OnnxValue[]): OnnxNode => {
  for (const { name, shape } of inputs) {
    const start = shape.indexOf(BATCH);
    if (start < 0) continue;
    return { op: 'Shape', domain: '', inputs: [name], outputs: [BATCH], attributes: { start, end: start + 1 } };
  }
  throw new FixedBatchError('no input has the batch as the size of an axis');
};

/** What the vector of sizes `name` becomes: constants and operations that compute it from the batch. */
const computed = (name: string, sizes: readonly Size[]): { constants: OnnxTensor[]; nodes: OnnxNode[] } => {
  const constants: OnnxTensor[] = [];
  const nodes: OnnxNode[] = [];
  const node = (op: string, inputs: string[], output: string, attributes = {}): string => {
    nodes.push({ op, domain: '', inputs, outputs: [output], attributes });
    return output;
  };
  const constant = (value: number, i: number): string => {
    constants.push(vector(`${name}_${i}`, [value]));
    return `${name}_${i}`;
  };
  const parts = sizes.map((size, i) => {
    if (!isDynamic(size)) return constant(size, i);
    return size.batches === 1 ? BATCH : node('Mul', [BATCH, constant(size.batches, i)], `${name}_${i}_${BATCH}`);
  });
  node('Concat', parts, name, { axis: 0 });
  return { constants, nodes };
};

/**
 * The model that `lowerAt` gives, for any batch size: inputs and outputs have an axis named `batch`, reshapes infer it,
 * other shapes are computed from it.
 * @throws FixedBatchError when the operations or their numbers depend on the batch in another way than as its multiple.
 */
export const dynamicBatch = (lowerAt: (batch: number) => OnnxModel): OnnxModel => {
  const [one, other] = SIZES.map(lowerAt);
  if (JSON.stringify(one.nodes) !== JSON.stringify(other.nodes))
    throw new FixedBatchError('the operations depend on the batch size');
  const inputs = one.inputs.map((value, i) => valueOfBoth(value, other.inputs[i]));
  const outputs = one.outputs.map((value, i) => valueOfBoth(value, other.outputs[i]));
  const values = one.values?.map((value, i) => valueOfBoth(value, other.values![i]));
  const others = new Map(other.initializers.map(tensor => [tensor.name, tensor]));
  const shapes: OnnxNode[] = [batchOf(inputs)];
  const inferred = new Set<string>(); // shapes with a free axis, as Reshape takes them
  const initializers = one.initializers.flatMap(tensor => {
    const twin = others.get(tensor.name)!;
    if (bytesOf(tensor).equals(bytesOf(twin))) return [tensor];
    const { name, type } = tensor;
    if (type !== 'int64') throw new FixedBatchError(`a constant of type ${type} depends on the batch size`);
    const [a, b] = [tensor, twin].map(({ data }) => Array.from(data as BigInt64Array, Number));
    const sizes = a.map((n, i) => sizeOfBoth('a shape', n, b[i]));
    const users = one.nodes.filter(node => node.inputs.includes(name));
    const free = sizes.filter(size => isDynamic(size) || size < 0).length === 1;
    const reshaped = free && users.some(node => node.op === 'Reshape');
    if (reshaped) inferred.add(name);
    const { constants, nodes } = computed(name, sizes);
    const needed = !reshaped || users.some(node => node.op !== 'Reshape');
    if (needed) shapes.push(...nodes);
    return [
      ...(needed ? constants : []),
      ...(reshaped
        ? [
            vector(
              `${name}_free`,
              sizes.map(size => (isDynamic(size) ? -1 : size)),
            ),
          ]
        : []),
    ];
  });
  const nodes = one.nodes.map(node =>
    node.op === 'Reshape' && inferred.has(node.inputs[1])
      ? { ...node, inputs: [node.inputs[0], `${node.inputs[1]}_free`] }
      : node,
  );
  return { ...one, inputs, outputs, values, initializers, nodes: [...shapes, ...nodes] };
};
