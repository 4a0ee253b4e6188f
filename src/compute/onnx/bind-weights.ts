/*
 * Weights become part of a model: inputs are bound to constants, and what only rearranges a constant is done once, here,
 * so that the file holds the filters as the operators take them.
 */
import type { HostArray } from '../host-arrays';
import type { OnnxModel, OnnxTensor } from './onnx-file';
import { arrayOf, followWeights, type View, viewOf } from './rearranged-weights';

/**
 * The model with the inputs that `weights` names bound to these values. Initialisers keep the names of the weights;
 * where one weight is needed in several forms they are numbered.
 * @throws Error when a weight is not an input of the model or has another shape.
 */
export const bindWeights = (model: OnnxModel, weights: Readonly<Record<string, HostArray>>): OnnxModel => {
  const known = new Map<string, View & { origin: string }>(); // by name in the graph
  for (const [origin, weight] of Object.entries(weights)) {
    const input = model.inputs.find(({ name }) => name === origin);
    if (input?.shape.join() !== weight.shape.join())
      throw new Error(`weight ${origin} [${weight.shape}] does not fit the model's input [${input?.shape ?? 'none'}]`);
    known.set(origin, { ...viewOf(weight), origin });
  }
  const nodes = followWeights(model, known);

  const used = new Set(nodes.flatMap(node => node.inputs));
  const forms = new Map<string, string[]>(); // names in the graph by weight
  for (const [name, { origin }] of known) if (used.has(name)) forms.set(origin, [...(forms.get(origin) ?? []), name]);
  const names = new Map<string, string>();
  for (const [origin, graphNames] of forms)
    graphNames.forEach((name, i) => names.set(name, graphNames.length === 1 ? origin : `${origin}.${i}`));
  const bound = [...names].map(([name, final]): OnnxTensor => {
    const { shape, data } = arrayOf(known.get(name)!);
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
