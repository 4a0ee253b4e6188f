/* From a traced graph to an ONNX model: fusions first, then value by value through one emitter an operation. */
import { reachable, splatOf, type Trace, type Value } from '../graph';
import { convolution, CONVOLUTION_EMITTERS } from './convolutions';
import { findFusions } from './fusions';
import { ARRANGEMENT_EMITTERS } from './lower-arrangement';
import { fusedProduct, PRODUCT_EMITTERS } from './lower-products';
import { SCALAR_EMITTERS } from './lower-scalars';
import type { Emitters, Lowering, Target } from './lowering';
import { OnnxBuilder } from './onnx-builder';
import { NEXT, type OnnxModel } from './onnx-file';

/** Every operation of the graph. */
export const EMITTERS: Emitters = {
  ...SCALAR_EMITTERS,
  ...ARRANGEMENT_EMITTERS,
  ...PRODUCT_EMITTERS,
  ...CONVOLUTION_EMITTERS,
};

const emit = (value: Value, lowering: Lowering): string => {
  const fusion = lowering.fusions.of.get(value);
  if (fusion?.kind === 'biased convolution') return convolution(fusion.conv, fusion.bias, lowering);
  if (fusion?.kind === 'biased product' || fusion?.kind === 'scaled product') return fusedProduct(value, lowering);
  return EMITTERS[value.op](value, lowering);
};

/**
 * The ONNX model of a trace. Inputs that no result needs stay inputs, so that the signature is the function's.
 * @param annotate whether the model states the shapes of values on the way
 */
export const lower = (
  { graph, results }: Trace,
  target: Target,
  { annotate = false }: { annotate?: boolean } = {},
): OnnxModel => {
  const builder = new OnnxBuilder();
  const names = new Map<Value, string>();
  const order = reachable(Object.values(results));
  const lowering: Lowering = {
    builder,
    target,
    fusions: findFusions(order, Object.values(results), target),
    name: value => {
      // splats reach element-wise operations as scalars; others ask for them whole
      if (splatOf(value) !== undefined && !names.has(value)) names.set(value, EMITTERS.splat(value, lowering));
      return names.get(value)!;
    },
    bind: (value, name) => names.set(value, name),
  };
  for (const value of order) {
    if (value.op === 'input') names.set(value, String(value.attributes.name));
    else if (!lowering.fusions.absorbed.has(value) && splatOf(value) === undefined && !names.has(value))
      names.set(value, emit(value, lowering));
  }
  const taken = new Set(graph.inputs.map(({ attributes }) => attributes.name));
  const outputs = Object.entries(results).map(([result, value]) => {
    const name = taken.has(result) ? result + NEXT : result;
    builder.name(lowering.name(value), name);
    return { name, type: value.dtype, shape: value.shape };
  });
  const written = new Set(annotate ? builder.nodes.flatMap(node => node.outputs) : []);
  const annotated = new Map([...names].filter(([, name]) => written.has(name)).map(([value, name]) => [name, value]));
  return {
    nodes: builder.nodes,
    inputs: graph.inputs.map(({ attributes, shape, dtype }) => ({ name: String(attributes.name), type: dtype, shape })),
    outputs,
    initializers: builder.initializers(),
    values: [...annotated].map(([name, { dtype, shape }]) => ({ name, type: dtype, shape })),
  };
};
