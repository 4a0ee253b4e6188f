/* What an operator of ONNX is here, and how it looks at its node. */
import type * as tf from '@tensorflow/tfjs-core';
import { type Attribute, type Constant, type Node, OnnxOperatorError } from './onnx-graph';
import { isConstant, type Operand } from './operand';

/** A node that is being read: what it says, and what is known of its inputs beforehand. */
export class NodeReader {
  /** Inputs that were read as constants, which the step does not ask for. */
  readonly taken = new Set<number>();

  constructor(
    readonly node: Node,
    readonly opset: number,
    private readonly known: ReadonlyMap<string, Constant>,
    /** Keeps an array among the network's parameters; gives the name it has there. */
    readonly keep: (name: string, array: Constant) => string,
  ) {}

  /** @throws OnnxOperatorError naming the node */
  refuse(what: string): never {
    throw new OnnxOperatorError(`the operator ${this.node.op} of node '${this.node.name}': ${what}`);
  }

  /** The constant that input i is; undefined for one that is absent or computed. */
  constant(i: number): Constant | undefined {
    return this.known.get(this.node.inputs[i] ?? '');
  }

  /** An input that is read now, and that the step does not ask for. @throws OnnxOperatorError where it is no constant */
  requireConstant(i: number, what: string): Constant {
    this.taken.add(i);
    return this.constant(i) ?? this.refuse(`its ${what} must be a constant of the file`);
  }

  has(i: number): boolean {
    return (this.node.inputs[i] ?? '') !== '';
  }

  private attribute<T extends Attribute>(name: string, is: (x: Attribute) => x is T, otherwise: T): T {
    const value = this.node.attributes[name];
    if (value === undefined) return otherwise;
    return is(value) ? value : this.refuse(`the attribute ${name} is of another type than expected`);
  }

  number(name: string, otherwise: number): number {
    return this.attribute(name, (x): x is number => typeof x === 'number', otherwise);
  }

  text(name: string, otherwise: string): string {
    return this.attribute(name, (x): x is string => typeof x === 'string', otherwise);
  }

  numbers(name: string): number[] | undefined {
    if (this.node.attributes[name] === undefined) return undefined;
    return this.attribute(name, (x): x is number[] => Array.isArray(x), []);
  }

  /** Every attribute must be one of these. @throws OnnxOperatorError naming the one that is not */
  expectAttributes(...names: string[]): void {
    const unknown = Object.keys(this.node.attributes).find(name => !names.includes(name));
    if (unknown !== undefined) this.refuse(`the attribute ${unknown} is not known`);
  }
}

/** What a node computes: its inputs in their order, absent ones undefined; parameters by name. Gives its outputs. */
export type Step = (inputs: readonly (Operand | undefined)[], parameter: (name: string) => tf.Tensor) => Operand[];

/** Reads a node once; what it gives runs for every batch. */
export type Operator = (reader: NodeReader) => Step;
export type Operators = Readonly<Record<string, Operator>>;

/** Integers of a constant operand. @throws OnnxOperatorError for one that is computed from pixels */
export const integersOf = (reader: NodeReader, x: Operand | undefined, what: string): number[] =>
  x && isConstant(x) ? [...x.data] : reader.refuse(`its ${what} must not depend on the images`);
