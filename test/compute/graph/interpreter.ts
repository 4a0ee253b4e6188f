/* What a graph means, in float64 and without any lowering: an oracle for rewrites and for random graphs. */
import { type Candidate, splatOf, type Value } from '../../../src/compute/graph/graph';
import { at, build, type Nd, sum } from './arrays';

const UNARY: Record<string, (x: number) => number> = {
  neg: x => -x,
  abs: Math.abs,
  relu: x => Math.max(x, 0),
  tanh: Math.tanh,
  sigmoid: x => 1 / (1 + Math.exp(-x)),
  softplus: x => Math.log1p(Math.exp(x)),
  cos: Math.cos,
  sqrt: Math.sqrt,
};

const BINARY: Record<string, (a: number, b: number) => number> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
  pow: Math.pow,
  max: Math.max,
  min: Math.min,
  less: (a, b) => Number(a < b),
};

const REDUCE: Record<string, (values: number[]) => number> = {
  sum: values => values.reduce((a, b) => a + b, 0),
  sumSquare: values => values.reduce((a, b) => a + b * b, 0),
  reduceMax: values => Math.max(...values),
  reduceMin: values => Math.min(...values),
  product: values => values.reduce((a, b) => a * b, 1),
};

/** Element at `index` of an operation's result. */
const elementOf = ({ op, inputs, attributes }: Candidate, operands: Nd[], index: readonly number[]): number => {
  const [a, b, c] = operands;
  if (op in UNARY) return UNARY[op](at(a, index));
  if (op in BINARY) return BINARY[op](at(a, index), at(b, index));
  const { axes, axis, begin, order, transposeA, transposeB } = attributes as Record<
    'axes' | 'begin' | 'order',
    number[]
  > & { axis: number; transposeA: boolean; transposeB: boolean };
  if (op in REDUCE) {
    const free = build(a.shape.map((n, i) => (axes.includes(i) ? n : 1)), (...offset) => at(a, index.map((i, k) => i + offset[k]))); // prettier-ignore
    return REDUCE[op]([...free.data]);
  }
  switch (op) {
    case 'where':
      return at(at(a, index) !== 0 ? b : c, index);
    case 'cast':
    case 'broadcast':
      return at(a, index);
    case 'transpose':
      return at(a, a.shape.map((_, i) => index[order.indexOf(i)])); // prettier-ignore
    case 'slice':
      return at(a, index.map((i, k) => i + begin[k])); // prettier-ignore
    case 'concat': {
      let at0 = index[axis];
      const part = operands.find(p => at0 < p.shape[axis] || ((at0 -= p.shape[axis]), false))!;
      return at(part, index.map((i, k) => (k === axis ? at0 : i))); // prettier-ignore
    }
    case 'matmul': {
      const [i, j] = index.slice(-2);
      const first = index.slice(0, -2);
      const inner = a.shape[a.shape.length - (transposeA ? 2 : 1)];
      return sum(
        inner,
        k =>
          at(a, [...first, ...(transposeA ? [k, i] : [i, k])]) * at(b, [...first, ...(transposeB ? [j, k] : [k, j])]),
      );
    }
    default:
      throw new Error(`the interpreter does not know ${op} of ${inputs.length}`);
  }
};

/** The value of `result` for given inputs, and the largest magnitude met on the way. */
export const interpret = (result: Value, inputs: Record<string, Nd>): { value: Nd; scale: number } => {
  const known = new Map<Value, Nd>();
  let scale = 0;
  const evaluate = (value: Value): Nd => {
    const before = known.get(value);
    if (before) return before;
    const { op, shape, attributes, data } = value;
    const operands = value.inputs.map(evaluate);
    const splat = splatOf(value);
    const found: Nd =
      op === 'input'
        ? inputs[String(attributes.name)]
        : splat !== undefined
          ? build(shape, () => splat)
          : data
            ? { shape, data: Float64Array.from(data) }
            : op === 'reshape'
              ? { shape, data: operands[0].data }
              : build(shape, (...index) => elementOf(value, operands, index));
    known.set(value, found);
    scale = found.data.reduce((largest, x) => Math.max(largest, Math.abs(x)), scale);
    return found;
  };
  return { value: evaluate(result), scale };
};
