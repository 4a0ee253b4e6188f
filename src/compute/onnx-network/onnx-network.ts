/* An ONNX file as a function of named tensors: it can be traced and compiled like every network here, and runs eagerly too. */
import * as tf from '@tensorflow/tfjs-core';
import type { Tensors } from '../tensors';
import { ARRANGEMENT } from './arrangement';
import { constantNode } from './constants';
import { CONVOLUTION } from './convolution';
import { ELEMENTWISE } from './elementwise';
import { type Constant, type GraphValue, OnnxOperatorError, readOnnxGraph } from './onnx-graph';
import { asFile, inFileOrder, isConstant, type Operand } from './operand';
import { NodeReader, type Operators, type Step } from './operator';
import { POOLING } from './pooling';
import { PRODUCTS } from './products';

/** Every operator of ONNX that is known here. */
const OPERATORS: Operators = { ...ELEMENTWISE, ...CONVOLUTION, ...POOLING, ...PRODUCTS, ...ARRANGEMENT };

/** A network of an ONNX file. */
export type OnnxNetwork = {
  /** Weights on the host by name, filters as [h, w, C, K]. */
  parameters: Readonly<Record<string, { data: Float32Array; shape: readonly number[] }>>;
  /** What the file says of its one input and its outputs. */
  signature: { inputs: GraphValue[]; outputs: GraphValue[] };
  /**
   * The outputs that were asked for, in the file's order of axes, of `images`, which has the shape of the file's input.
   * A pure function of tensors. @throws OnnxOperatorError where shapes do not fit
   */
  apply: (parameters: Tensors, images: tf.Tensor) => Tensors;
};

type Planned = { inputs: readonly string[]; outputs: readonly string[]; step: Step };

/**
 * Reads an ONNX network of one input.
 * @param wanted outputs to be computed; default: all
 * @throws OnnxOperatorError naming the node and the operator or attribute that is not known; ArgumentError for damaged bytes
 * @example
 * const network = onnxNetwork(await readFile('network.onnx'));
 * const { features } = network.apply(parameters, images);
 */
export const onnxNetwork = (bytes: Uint8Array, wanted?: readonly string[]): OnnxNetwork => {
  const { opset, nodes, constants, inputs, outputs } = readOnnxGraph(bytes);
  if (inputs.length !== 1) throw new OnnxOperatorError(`a network of one input; it has ${inputs.length}`);
  const names = outputs.map(({ name }) => name);
  const results = wanted ?? names;
  for (const name of results)
    if (!names.includes(name)) throw new OnnxOperatorError(`no output is named ${name}; there are ${names.join(', ')}`);
  const [input] = inputs;
  const parameters = new Map<string, Constant>();
  const keep = (name: string, array: Constant): string => {
    const before = parameters.get(name);
    if (before && before.shape.join() !== array.shape.join()) return keep(`${name}'`, array);
    parameters.set(name, array);
    return name;
  };
  const computed = new Set([input.name]);
  const plan: Planned[] = [];
  for (const node of nodes) {
    const reader = new NodeReader(node, opset, constants, keep);
    if (node.domain !== '') reader.refuse(`operators of ${node.domain} are not known`);
    const fixed = constantNode(reader);
    if (fixed) {
      constants.set(node.outputs[0], fixed);
      continue;
    }
    if (!Object.hasOwn(OPERATORS, node.op)) reader.refuse('it is not known');
    for (const name of node.inputs)
      if (name !== '' && !computed.has(name) && !constants.has(name))
        reader.refuse(`its input ${name} is made nowhere`);
    const step = OPERATORS[node.op](reader);
    plan.push({ inputs: node.inputs.map((name, i) => (reader.taken.has(i) ? '' : name)), outputs: node.outputs, step });
    for (const name of node.outputs) computed.add(name);
  }
  const missing = results.find(name => !computed.has(name));
  if (missing !== undefined) throw new OnnxOperatorError(`the output ${missing} is made nowhere`);
  // arrays that steps read as tensors; a single number becomes part of the program, integers are shapes
  for (const name of new Set(plan.flatMap(one => one.inputs))) {
    const constant = constants.get(name);
    if (constant && !constant.integer && constant.data.length > 1) keep(`tensor ${name}`, constant);
  }
  const used = new Map<string, { data: Float32Array; shape: readonly number[] }>();
  for (const [name, { data, shape }] of parameters)
    used.set(name, { data: data instanceof Float32Array ? data : Float32Array.from(data), shape });

  const apply = (given: Tensors, images: tf.Tensor): Tensors => {
    const values = new Map<string, Operand>([[input.name, inFileOrder(images)]]);
    const operand = (name: string): Operand | undefined => {
      if (name === '') return undefined;
      const value = values.get(name);
      if (value) return value;
      const tensor = `tensor ${name}` in given ? given[`tensor ${name}`] : undefined;
      return tensor ? inFileOrder(tensor) : constants.get(name);
    };
    for (const { inputs: read, outputs: made, step } of plan) {
      const all = step(read.map(operand), name => given[name]);
      all.forEach((value, i) => values.set(made[i], value));
    }
    return Object.fromEntries(
      results.map(name => {
        const value = values.get(name)!;
        return [name, isConstant(value) ? tf.tensor(Float32Array.from(value.data), value.shape) : asFile(value)];
      }),
    );
  };
  return { parameters: Object.fromEntries(used), signature: { inputs, outputs }, apply };
};
