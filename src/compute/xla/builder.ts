import type { Shape } from '../host-arrays';
import { sameShape } from '../graph/shapes';
import type { Hlo, HloArgument, HloAttributes, HloModule, HloOperation, HloType, Reducer } from './hlo';

export type Comparison = 'EQ' | 'NE' | 'GT' | 'GE' | 'LT' | 'LE';

const KINDS: Record<HloType, string> = {
  f32: 'FLOAT', f64: 'FLOAT', bf16: 'FLOAT', i32: 'SIGNED', ui8: 'UNSIGNED', ui32: 'UNSIGNED', ui64: 'UNSIGNED', i1: 'UNSIGNED',
}; // prettier-ignore

/** Writes a module, operation by operation; equal constants exist once. */
export class HloBuilder {
  private readonly args: { name: string; value: Hlo }[] = [];
  private readonly operations: HloOperation[] = [];
  private readonly splats = new Map<string, Hlo>();

  /** @param replicas devices that will run the module at once */
  constructor(readonly replicas = 1) {}

  argument(name: string, shape: Shape, type: HloType): Hlo {
    const value: Hlo = { name: `%arg${this.args.length}`, shape, type };
    this.args.push({ name, value });
    return value;
  }

  /** One operation with one result; without a dialect it is StableHLO's. */
  op(
    name: string,
    operands: readonly Hlo[],
    shape: Shape,
    type: HloType,
    attributes: HloAttributes = {},
    reducer?: Reducer,
  ): Hlo {
    const result: Hlo = { name: `%${this.operations.length}`, shape, type };
    const op = name.includes('.') ? name : `stablehlo.${name}`;
    this.operations.push({ op, operands, result, attributes, ...(reducer && { reducer }) });
    return result;
  }

  /** An element-wise operation on values of one shape and type, which the result has too. */
  elementwise(name: string, ...operands: Hlo[]): Hlo {
    return this.op(name, operands, operands[0].shape, operands[0].type);
  }

  /** A constant whose elements are all equal. */
  splat(value: number, shape: Shape, type: HloType): Hlo {
    const key = `${Object.is(value, -0) ? '-0' : value} [${shape}] ${type}`;
    const known = this.splats.get(key);
    if (known) return known;
    const made = this.op('constant', [], shape, type, { value: { splat: value } });
    this.splats.set(key, made);
    return made;
  }

  /** A splat in the shape and type of another value. */
  like(x: Hlo, value: number): Hlo {
    return this.splat(value, x.shape, x.type);
  }

  constant(data: ArrayBufferView, shape: Shape, type: HloType): Hlo {
    return this.op('constant', [], shape, type, { value: { data } });
  }

  reshape(x: Hlo, shape: Shape): Hlo {
    return sameShape(x.shape, shape) ? x : this.op('reshape', [x], shape, x.type);
  }

  /** x with its axes at `axes` of the result. */
  broadcastIn(x: Hlo, shape: Shape, axes: readonly number[]): Hlo {
    return this.op('broadcast_in_dim', [x], shape, x.type, { broadcast_dimensions: { i64s: axes } });
  }

  /** NumPy's broadcasting. */
  broadcast(x: Hlo, shape: Shape): Hlo {
    if (sameShape(x.shape, shape)) return x;
    const offset = shape.length - x.shape.length;
    return this.broadcastIn(
      x,
      shape,
      x.shape.map((_, i) => offset + i),
    );
  }

  transpose(x: Hlo, order: readonly number[]): Hlo {
    const shape = order.map(axis => x.shape[axis]);
    return this.op('transpose', [x], shape, x.type, { permutation: { i64s: order } });
  }

  convert(x: Hlo, type: HloType): Hlo {
    return x.type === type ? x : this.op('convert', [x], x.shape, type);
  }

  slice(x: Hlo, begin: Shape, size: Shape): Hlo {
    return this.op('slice', [x], size, x.type, {
      start_indices: { i64s: begin },
      limit_indices: { i64s: begin.map((n, i) => n + size[i]) },
      strides: { i64s: begin.map(() => 1) },
    });
  }

  concatenate(parts: readonly Hlo[], axis: number): Hlo {
    const shape = parts[0].shape.map((n, i) => (i === axis ? parts.reduce((sum, p) => sum + p.shape[axis], 0) : n));
    return this.op('concatenate', parts, shape, parts[0].type, { dimension: { i64: axis } });
  }

  /** Rows of x along an axis by int32 indices of any shape. */
  gather(x: Hlo, indices: Hlo, axis: number): Hlo {
    const shape = [...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)];
    const offsets = shape.map((_, i) => i).filter(i => i < axis || i >= axis + indices.shape.length);
    const numbers =
      `#stablehlo.gather<offset_dims = [${offsets.join(', ')}], collapsed_slice_dims = [${axis}],` +
      ` start_index_map = [${axis}], index_vector_dim = ${indices.shape.length}>`;
    return this.op('gather', [x, indices], shape, x.type, {
      dimension_numbers: { text: numbers },
      slice_sizes: { i64s: x.shape.map((n, i) => (i === axis ? 1 : n)) },
      indices_are_sorted: { bool: false },
    });
  }

  compare(x: Hlo, y: Hlo, direction: Comparison): Hlo {
    return this.op('compare', [x, y], x.shape, 'i1', {
      comparison_direction: { text: `#stablehlo<comparison_direction ${direction}>` },
      compare_type: { text: `#stablehlo<comparison_type ${KINDS[x.type]}>` },
    });
  }

  select(condition: Hlo, x: Hlo, y: Hlo): Hlo {
    return this.op('select', [condition, x, y], x.shape, x.type);
  }

  /** 0, 1, 2, ... along an axis. */
  iota(shape: Shape, axis: number, type: HloType): Hlo {
    return this.op('iota', [], shape, type, { iota_dimension: { i64: axis } });
  }

  /** Reduction along axes, which are dropped. */
  reduce(x: Hlo, axes: readonly number[], reducer: Reducer, initial: number): Hlo {
    const shape = x.shape.filter((_, i) => !axes.includes(i));
    const start = this.splat(initial, [], x.type);
    return this.op('reduce', [x, start], shape, x.type, { dimensions: { i64s: axes } }, reducer);
  }

  /** The sum of all replicas' values, on each of them. */
  allReduce(x: Hlo): Hlo {
    if (this.replicas === 1) return x;
    const groups = { matrix: [Array.from({ length: this.replicas }, (_, i) => i)] };
    return this.op('all_reduce', [x], x.shape, x.type, { replica_groups: groups }, 'add');
  }

  /**
   * The module with these results. An argument with the name of a result gives it its memory, unless the result is that
   * argument itself or the name is in `kept`.
   */
  module(results: Record<string, Hlo>, { kept = [] }: { kept?: readonly string[] } = {}): HloModule {
    const names = Object.keys(results);
    const args = this.args.map(({ name, value }): HloArgument => {
      const to = kept.includes(name) ? -1 : names.indexOf(name);
      return to >= 0 && results[name] !== value ? { name, value, donatedTo: to } : { name, value };
    });
    return {
      replicas: this.replicas,
      arguments: args,
      operations: this.operations,
      results: names.map(name => ({ name, value: results[name] })),
    };
  }
}
