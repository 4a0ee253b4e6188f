/* Collects ONNX nodes and constants. An operation on the same operands is written once. */
import type { Shape } from '../host-arrays';
import { type Data, type DType, sameShape } from '../graph';
import type { OnnxAttribute, OnnxNode, OnnxTensor, OnnxType } from './onnx-file';

/** Domains of ONNX Runtime's own operators. */
export const MICROSOFT = 'com.microsoft';
export const BLOCKED = 'com.microsoft.nchwc';

type Attributes = Record<string, OnnxAttribute>;

/** Names that it makes begin with %, so that they are not a function's own. */
export class OnnxBuilder {
  readonly nodes: OnnxNode[] = [];
  private readonly constants = new Map<string, OnnxTensor>();
  private readonly written = new Map<string, string[]>();
  private count = 0;

  /** Adds an operation; returns the name of its result. */
  add(op: string, inputs: readonly string[], attributes: Attributes = {}, domain = ''): string {
    return this.addMany(op, inputs, 1, attributes, domain)[0];
  }

  /** Adds an operation with several results. */
  addMany(op: string, inputs: readonly string[], results: number, attributes: Attributes = {}, domain = ''): string[] {
    const key = JSON.stringify([op, domain, inputs, attributes, results]);
    const before = this.written.get(key);
    if (before) return before;
    const outputs = Array.from({ length: results }, () => `%${this.count++}`);
    this.nodes.push({ op, domain, inputs, outputs, attributes });
    this.written.set(key, outputs);
    return outputs;
  }

  /** Gives a result its public name. */
  name(result: string, name: string): void {
    this.nodes.push({ op: 'Identity', domain: '', inputs: [result], outputs: [name], attributes: {} });
  }

  constant(data: Data, shape: Shape, dtype: DType, identity?: string): string {
    return this.store(data, shape, dtype, identity);
  }

  float(value: number): string {
    return this.store(Float32Array.of(value), [], 'float32');
  }

  /** A vector of integers, as operators want for shapes and axes. */
  integers(values: readonly number[]): string {
    return this.store(BigInt64Array.from(values.map(BigInt)), [values.length], 'int64');
  }

  private store(data: Data | BigInt64Array, shape: Shape, type: OnnxType, identity?: string): string {
    const key = identity ?? `${type} [${shape}] ${data.join()}`;
    const found = this.constants.get(key);
    if (found) return found.name;
    const name = `%c${this.constants.size}`;
    this.constants.set(key, { name, type, shape, data });
    return name;
  }

  /** Those constants that some node uses. */
  initializers(): OnnxTensor[] {
    const used = new Set(this.nodes.flatMap(node => node.inputs));
    return [...this.constants.values()].filter(({ name }) => used.has(name));
  }

  // What nearly every operation needs to arrange its operands.

  reshape(x: string, shape: Shape): string {
    return this.add('Reshape', [x, this.integers(shape)]);
  }

  transpose(x: string, order: readonly number[]): string {
    return order.every((axis, i) => axis === i) ? x : this.add('Transpose', [x], { perm: order });
  }

  /** Zeros before and after along each axis. */
  pad(x: string, before: readonly number[], after: readonly number[]): string {
    return [...before, ...after].every(n => n === 0) ? x : this.add('Pad', [x, this.integers([...before, ...after])]);
  }

  /** The first `to` entries along each axis; `from` is the shape of x. */
  crop(x: string, from: Shape, to: Shape): string {
    if (sameShape(from, to)) return x;
    const axes = from.map((_, i) => i).filter(i => from[i] !== to[i]);
    const ends = axes.map(i => to[i]);
    return this.add('Slice', [x, this.integers(axes.map(() => 0)), this.integers(ends), this.integers(axes)]);
  }
}
