/* Patterns of several values that the runtime does in one operation. */
import { shapeSize } from '../host-arrays';
import { sameShape, splatOf, type Value } from '../graph';
import type { Target } from './lowering';

/** How a value is written instead of by its own operation. */
type Fusion =
  | { kind: 'biased convolution'; conv: Value; bias: Value }
  | { kind: 'biased product'; product: Value; bias: Value; scale: number }
  | { kind: 'scaled product'; product: Value; scale: number }
  | { kind: 'silu'; x: Value }
  | { kind: 'split'; axis: number; parts: Value[] };

export type Fusions = {
  of: ReadonlyMap<Value, Fusion>;
  /** Written as part of another value. */
  absorbed: ReadonlySet<Value>;
};

/** Whether a value is one number a channel of `like`, shaped [C] but for ones. */
const isPerChannel = ({ shape }: Value, like: Value): boolean => {
  const channels = like.shape[like.shape.length - 1];
  return shapeSize(shape) === channels && shape[shape.length - 1] === channels && shape.length <= like.shape.length;
};

/** Slices that cover an axis of their source without a gap, in order. */
const splits = (order: readonly Value[], maxParts: number): Map<Value, Fusion> => {
  const groups = new Map<string, Value[]>();
  for (const value of order) {
    if (value.op !== 'slice') continue;
    const [source] = value.inputs;
    const cut = value.shape.map((n, i) => (n === source.shape[i] ? -1 : i)).filter(i => i >= 0);
    if (cut.length !== 1) continue;
    const key = `${source.id}/${cut[0]}`;
    groups.set(key, [...(groups.get(key) ?? []), value]);
  }
  const found = new Map<Value, Fusion>();
  for (const [key, parts] of groups) {
    const axis = Number(key.split('/')[1]);
    const begin = (v: Value): number => (v.attributes.begin as number[])[axis];
    parts.sort((a, b) => begin(a) - begin(b));
    let at = 0;
    const tile = parts.every(part => {
      const fits = begin(part) === at;
      at += part.shape[axis];
      return fits;
    });
    if (!tile || at !== parts[0].inputs[0].shape[axis] || parts.length > maxParts) continue;
    for (const part of parts) found.set(part, { kind: 'split', axis, parts });
  }
  return found;
};

/** Finds the patterns in a graph given as its values in order. */
export const findFusions = (order: readonly Value[], results: readonly Value[], target: Target): Fusions => {
  const uses = new Map<Value, number>();
  for (const value of [...order.flatMap(v => v.inputs), ...results]) uses.set(value, (uses.get(value) ?? 0) + 1);
  const single = (value: Value): boolean => uses.get(value) === 1;
  const of = splits(order, target.maxParts);
  const absorbed = new Set<Value>();
  const fuse = (value: Value, fusion: Fusion, ...inner: Value[]): void => {
    of.set(value, fusion);
    for (const part of inner) absorbed.add(part);
  };

  for (const value of order) {
    const [a, b] = value.inputs;
    if (value.op === 'mul') {
      const scale = splatOf(b);
      if (scale !== undefined && a.op === 'matmul' && single(a) && target.extended)
        fuse(value, { kind: 'scaled product', product: a, scale }, a);
      for (const [x, gate] of [
        [a, b],
        [b, a],
      ])
        if (target.extended && gate.op === 'sigmoid' && gate.inputs[0] === x && single(gate))
          fuse(value, { kind: 'silu', x }, gate);
    }
    if (value.op !== 'add') continue;
    for (const [x, bias] of [
      [a, b],
      [b, a],
    ]) {
      if (!single(x) || absorbed.has(x) || !isPerChannel(bias, value) || absorbed.has(bias) || of.has(value)) continue;
      if (!sameShape(x.shape, value.shape)) continue; // the sum repeats x
      if (x.op === 'conv') fuse(value, { kind: 'biased convolution', conv: x, bias }, x);
      const rows = x.op === 'matmul' && x.shape.length === 2 && x.inputs.every(v => v.shape.length === 2);
      if (rows) fuse(value, { kind: 'biased product', product: x, bias, scale: 1 }, x);
    }
  }
  return { of, absorbed };
};
