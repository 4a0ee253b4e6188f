/*
 * A plain evaluator of the StableHLO operations that are written, following the specification: finds mistakes of meaning
 * (padding, dilations, dimension numbers) where there is no XLA. Slow; for small modules. Replicas run side by side.
 */
import { type Shape, shapeSize } from '../../../src/compute/host-arrays';
import type { Hlo, HloAttributes, HloModule, HloOperation, HloType, Reducer } from '../../../src/compute/xla/hlo';

export type Numbers = Float32Array | Float64Array | Int32Array | Uint32Array | Uint8Array | BigUint64Array;

const ARRAYS = {
  f32: Float32Array, bf16: Float32Array, f64: Float64Array, i32: Int32Array, ui8: Uint8Array, ui32: Uint32Array, i1: Uint8Array,
  ui64: BigUint64Array,
} satisfies Record<HloType, unknown>; // prettier-ignore

const stridesOf = (shape: Shape): number[] => {
  const strides = new Array<number>(shape.length).fill(1);
  for (let i = shape.length - 2; i >= 0; i--) strides[i] = strides[i + 1] * shape[i + 1];
  return strides;
};

/** Calls f for every index of a shape, in row-major order. */
const each = (shape: Shape, f: (index: number[], at: number) => void): void => {
  const index = shape.map(() => 0);
  const n = shapeSize(shape);
  for (let at = 0; at < n; at++) {
    f(index, at);
    for (let i = shape.length - 1; i >= 0 && ++index[i] === shape[i]; i--) index[i] = 0;
  }
};

const even = (x: number): number => (Math.abs(x % 1) === 0.5 ? 2 * Math.round(x / 2) : Math.round(x));
const erf = (x: number): number => {
  let [term, sum] = [x, x];
  for (let n = 1; n < 60; n++) sum += (term *= (-x * x) / n) / (2 * n + 1);
  return (2 / Math.sqrt(Math.PI)) * sum;
};

const ELEMENTWISE: Record<string, (...x: number[]) => number> = {
  negate: x => -x, exponential: Math.exp, log: Math.log, sqrt: Math.sqrt, logistic: x => 1 / (1 + Math.exp(-x)),
  tanh: Math.tanh, abs: Math.abs, sign: Math.sign, floor: Math.floor, ceil: Math.ceil, round_nearest_even: even,
  cosine: Math.cos, sine: Math.sin, tan: Math.tan, not: x => Number(!x), add: (x, y) => x + y, subtract: (x, y) => x - y,
  multiply: (x, y) => x * y, divide: (x, y) => x / y, power: Math.pow, maximum: Math.max, minimum: Math.min,
  and: (x, y) => x & y, or: (x, y) => x | y, xor: (x, y) => x ^ y, log_plus_one: Math.log1p,
  exponential_minus_one: Math.expm1, atan2: Math.atan2, select: (c, x, y) => (c ? x : y), erf, acos: Math.acos,
  asin: Math.asin, cosh: Math.cosh, sinh: Math.sinh, reshape: x => x, shift_right_logical: (x, y) => x >>> y,
}; // prettier-ignore
/** 32 bits multiply exactly, where a double would round. */
const INTEGERS: Record<string, (x: number, y: number) => number> = { multiply: Math.imul };
const BIG: Record<string, (x: bigint, y: bigint) => bigint> = {
  multiply: (x, y) => x * y, add: (x, y) => x + y, shift_right_logical: (x, y) => x >> y, and: (x, y) => x & y,
}; // prettier-ignore
const COMPARE: Record<string, (x: number, y: number) => boolean> = {
  EQ: (x, y) => x === y, NE: (x, y) => x !== y, GT: (x, y) => x > y, GE: (x, y) => x >= y, LT: (x, y) => x < y,
  LE: (x, y) => x <= y,
}; // prettier-ignore
const REDUCE: Record<Reducer, (x: number, y: number) => number> = {
  add: (x, y) => x + y, multiply: (x, y) => x * y, maximum: Math.max, minimum: Math.min,
}; // prettier-ignore

const list = (a: HloAttributes, name: string): readonly number[] => (a[name] as { i64s: number[] }).i64s;
const textOf = (a: HloAttributes, name: string): string => (a[name] as { text: string }).text;
const numbersIn = (text: string, key: string): number[] => {
  const found = new RegExp(`${key} = \\[([^\\]]*)\\]`).exec(text)![1];
  return found.trim() === '' ? [] : found.split(',').map(Number);
};

/** Products that were rounded on the way in are compared with loose bounds only: float32 holds them. */
const convolve = (
  operands: readonly Hlo[],
  [x, w]: Float32Array[],
  shape: Shape,
  out: Float32Array,
  a: HloAttributes,
): void => {
  const numbers = /conv<\[(.*)\]x\[(.*)\]->\[(.*)\]>/.exec(textOf(a, 'dimension_numbers'))!;
  const [ld, rd, od] = numbers.slice(1).map(part => part.split(',').map(s => s.trim()));
  const at = (names: string[], tensor: Shape): Record<string, [number, number]> => {
    const strides = stridesOf(tensor);
    return Object.fromEntries(names.map((n, i) => [n, [tensor[i], strides[i]]]));
  };
  const [l, r, o] = [at(ld, operands[0].shape), at(rd, operands[1].shape), at(od, shape)];
  const [sh, sw] = list(a, 'window_strides');
  const { matrix } = a.padding as { matrix: number[][] };
  const [lh, lw] = list(a, 'lhs_dilation');
  const [rh, rw] = list(a, 'rhs_dilation');
  const groups = (a.feature_group_count as { i64: number }).i64;
  const perGroup = o.f[0] / groups;
  for (const [axis, s, i, j] of [[0, sh, lh, rh], [1, sw, lw, rw]]) {
    // the specification's shape rule
    const name = String(axis);
    const padded = (l[name][0] - 1) * i + 1 + matrix[axis][0] + matrix[axis][1];
    const size = Math.floor((padded - ((r[name][0] - 1) * j + 1)) / s) + 1;
    if (size !== o[name][0]) throw new Error(`convolution: result of ${size} where ${o[name][0]} is stated`);
  } // prettier-ignore
  if (r.i[0] !== l.f[0] / groups || r.o[0] !== o.f[0] || l.b[0] !== o.b[0])
    throw new Error('convolution: channels do not fit');
  for (let b = 0; b < o.b[0]; b++)
    for (let p = 0; p < o['0'][0]; p++)
      for (let q = 0; q < o['1'][0]; q++)
        for (let k = 0; k < o.f[0]; k++) {
          let sum = 0;
          const first = Math.floor(k / perGroup) * r.i[0];
          for (let u = 0; u < r['0'][0]; u++) {
            const row = p * sh + u * rh - matrix[0][0];
            if (row < 0 || row % lh !== 0 || row / lh >= l['0'][0]) continue;
            for (let v = 0; v < r['1'][0]; v++) {
              const column = q * sw + v * rw - matrix[1][0];
              if (column < 0 || column % lw !== 0 || column / lw >= l['1'][0]) continue;
              let xi = b * l.b[1] + (row / lh) * l['0'][1] + (column / lw) * l['1'][1] + first * l.f[1];
              let wi = u * r['0'][1] + v * r['1'][1] + k * r.o[1];
              for (let c = 0; c < r.i[0]; c++, xi += l.f[1], wi += r.i[1]) sum += x[xi] * w[wi];
            }
          }
          out[b * o.b[1] + p * o['0'][1] + q * o['1'][1] + k * o.f[1]] = sum;
        }
};

const dot = (
  operands: readonly Hlo[],
  [x, y]: Float32Array[],
  shape: Shape,
  out: Float32Array,
  a: HloAttributes,
): void => {
  const text = textOf(a, 'dot_dimension_numbers');
  const [batch, left, right] = ['lhs_batching', 'lhs_contracting', 'rhs_contracting'].map(key =>
    numbersIn(text, `${key}_dimensions`),
  );
  const [ls, rs] = operands.map(v => v.shape);
  const [lst, rst] = [stridesOf(ls), stridesOf(rs)];
  const free = (s: Shape, contracted: number[]): number[] =>
    s.map((_, i) => i).filter(i => !batch.includes(i) && !contracted.includes(i));
  const [lf, rf] = [free(ls, left), free(rs, right)];
  const stated = [...batch.map(i => ls[i]), ...lf.map(i => ls[i]), ...rf.map(i => rs[i])];
  if (String(stated) !== String(shape)) throw new Error(`dot_general: [${stated}] where [${shape}] is stated`);
  const inner = left.map(i => ls[i]);
  each(shape, (index, at) => {
    let [p, q] = [0, 0];
    index.forEach((n, i) => {
      if (i < batch.length) [p, q] = [p + n * lst[batch[i]], q + n * rst[batch[i]]];
      else if (i < batch.length + lf.length) p += n * lst[lf[i - batch.length]];
      else q += n * rst[rf[i - batch.length - lf.length]];
    });
    let sum = 0;
    each(inner, k => {
      let [i, j] = [p, q];
      k.forEach((n, axis) => ([i, j] = [i + n * lst[left[axis]], j + n * rst[right[axis]]]));
      sum += x[i] * y[j];
    });
    out[at] = sum;
  });
};

/** What a result element [index] is, for operations that only move elements: its place in the operand. */
const moved = (shape: Shape, x: Numbers, out: Numbers, place: (index: number[]) => number): void => {
  each(shape, (index, at) => (out[at] = x[place(index)]));
};

const compute = (
  { op, operands, result, attributes: a, reducer }: HloOperation,
  inputs: Numbers[],
  replica: number,
): Numbers => {
  const { shape, type } = result;
  const out = new ARRAYS[type](shapeSize(shape));
  const name = op.split('.')[1];
  const [x, y] = inputs as [Float32Array, Float32Array];
  const from = operands.length > 0 ? operands[0].shape : [];
  const strides = stridesOf(from);
  const place = (index: number[], of: (n: number, i: number) => number): number =>
    index.reduce((sum, n, i) => sum + of(n, i), 0);
  if (type === 'ui64' && name in BIG) {
    const [p, q] = inputs as unknown as [BigUint64Array, BigUint64Array];
    (out as BigUint64Array).forEach((_, i) => ((out as BigUint64Array)[i] = BigInt.asUintN(64, BIG[name](p[i], q[i]))));
    return out;
  }
  const integer = type === 'i32' || type === 'ui32' ? INTEGERS[name] : undefined;
  const plain = integer ?? ELEMENTWISE[name];
  if (plain) {
    const z = inputs[2] as Float32Array;
    for (let i = 0; i < out.length; i++)
      out[i] = inputs.length === 1 ? plain(x[i], 0) : inputs.length === 2 ? plain(x[i], y[i]) : plain(x[i], y[i], z[i]);
    return out;
  }
  switch (name) {
    case 'constant':
      if ('splat' in a.value && out instanceof BigUint64Array) out.fill(BigInt(a.value.splat));
      else if ('splat' in a.value) out.fill(a.value.splat as never);
      else (out as Float32Array).set((a.value as { data: Float32Array }).data);
      return out;
    case 'convert':
      for (let i = 0; i < out.length; i++)
        if (type === 'ui64') (out as BigUint64Array)[i] = BigInt(x[i]);
        else out[i] = type === 'i1' ? Number(x[i] !== 0) : Number(x[i]);
      return out;
    case 'bitcast_convert':
      new Uint8Array(out.buffer).set(new Uint8Array(x.buffer, x.byteOffset, x.byteLength));
      return out;
    case 'replica_id':
      out[0] = replica;
      return out;
    case 'iota':
      each(shape, (index, at) => (out[at] = index[(a.iota_dimension as { i64: number }).i64]));
      return out;
    case 'compare': {
      const f = COMPARE[/comparison_direction (\w+)/.exec(textOf(a, 'comparison_direction'))![1]];
      for (let i = 0; i < out.length; i++) out[i] = Number(f(x[i], y[i]));
      return out;
    }
    case 'broadcast_in_dim': {
      const axes = list(a, 'broadcast_dimensions');
      const steps = strides.map((s, i) => (from[i] === 1 ? 0 : s));
      moved(shape, x, out, index => axes.reduce((sum, axis, i) => sum + index[axis] * steps[i], 0));
      return out;
    }
    case 'transpose': {
      const order = list(a, 'permutation');
      moved(shape, x, out, index => place(index, (n, i) => n * strides[order[i]]));
      return out;
    }
    case 'reverse': {
      const axes = list(a, 'dimensions');
      moved(shape, x, out, index => place(index, (n, i) => (axes.includes(i) ? shape[i] - 1 - n : n) * strides[i]));
      return out;
    }
    case 'slice': {
      const begin = list(a, 'start_indices');
      moved(shape, x, out, index => place(index, (n, i) => (n + begin[i]) * strides[i]));
      return out;
    }
    case 'pad': {
      const low = list(a, 'edge_padding_low');
      each(shape, (index, at) => {
        const inside = index.every((n, i) => n >= low[i] && n < low[i] + from[i]);
        out[at] = inside ? x[place(index, (n, i) => (n - low[i]) * strides[i])] : y[0];
      });
      return out;
    }
    case 'concatenate': {
      const axis = (a.dimension as { i64: number }).i64;
      const inner = shapeSize(shape.slice(axis + 1));
      const rows = operands.map(v => v.shape[axis] * inner);
      let at = 0;
      for (let o = 0; o < shapeSize(shape.slice(0, axis)); o++)
        inputs.forEach((part, i) => {
          (out as Float32Array).set((part as Float32Array).subarray(o * rows[i], (o + 1) * rows[i]), at);
          at += rows[i];
        });
      return out;
    }
    case 'gather': {
      const text = textOf(a, 'dimension_numbers');
      const [axis] = numbersIn(text, 'start_index_map');
      const offsets = numbersIn(text, 'offset_dims');
      const steps = stridesOf(operands[1].shape);
      moved(shape, x, out, index => {
        const row = y[index.filter((_, i) => !offsets.includes(i)).reduce((sum, n, i) => sum + n * steps[i], 0)];
        const whole = offsets.map(i => index[i]);
        whole.splice(axis, 0, Math.min(Math.max(row, 0), from[axis] - 1));
        return place(whole, (n, i) => n * strides[i]);
      });
      return out;
    }
    case 'reduce': {
      const axes = list(a, 'dimensions');
      const f = REDUCE[reducer!];
      const sums = new Float64Array(out.length).fill(y[0]);
      const kept = stridesOf(shape);
      let k = 0;
      const steps = from.map((_, i) => (axes.includes(i) ? 0 : kept[k++]));
      each(from, (index, at) => {
        const to = place(index, (n, i) => n * steps[i]);
        sums[to] = f(sums[to], x[at]);
      });
      (out as Float32Array).set(sums);
      return out;
    }
    case 'dot_general':
      dot(operands, inputs as Float32Array[], shape, out as Float32Array, a);
      return out;
    case 'convolution':
      convolve(operands, inputs as Float32Array[], shape, out as Float32Array, a);
      return out;
    default:
      throw new Error(`cannot evaluate ${op}`);
  }
};

/** What every replica gives for its arguments, by the names of the module. */
export const evaluateReplicas = (
  module: HloModule,
  inputs: readonly Record<string, Numbers>[],
): Record<string, Numbers>[] => {
  const values = inputs.map(given => {
    const known = new Map<string, Numbers>();
    for (const { name, value } of module.arguments) known.set(value.name, given[name]);
    return known;
  });
  for (const operation of module.operations) {
    const operands = values.map(known => operation.operands.map(({ name }) => known.get(name)!));
    if (operation.op === 'stablehlo.all_reduce') {
      const sum = Float32Array.from(operands[0][0] as Float32Array, (_, i) =>
        operands.reduce((total, [x]) => total + Number(x[i]), 0),
      );
      values.forEach(known => known.set(operation.result.name, sum.slice()));
    } else
      values.forEach((known, replica) =>
        known.set(operation.result.name, compute(operation, operands[replica], replica)),
      );
  }
  return values.map(known =>
    Object.fromEntries(module.results.map(({ name, value }) => [name, known.get(value.name)!])),
  );
};

/** What a module for one device gives for its arguments. */
export const evaluate = (module: HloModule, inputs: Record<string, Numbers>): Record<string, Numbers> =>
  evaluateReplicas(module, [inputs])[0];
