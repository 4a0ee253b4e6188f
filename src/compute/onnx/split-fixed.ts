import type { OnnxModel, OnnxValue } from './onnx-file';

/**
 * Cuts a model in two: what depends on the inputs `fixed` alone, and the rest. Where those inputs stay for many runs, as
 * the weights of a network that is not trained, the first half (filters put into blocks, for instance) is computed once.
 * The rest takes the results of the first half as further inputs, of any shape. It does not take a single fixed input that
 * it has no use for; of several one may change, and then all are needed again.
 */
export const splitFixed = (model: OnnxModel, fixed: readonly string[]): { first: OnnxModel; rest: OnnxModel } => {
  const constants = new Set(model.initializers.map(({ name }) => name));
  const known = new Set(fixed);
  const isKnown = (name: string): boolean => known.has(name) || constants.has(name) || name === '';
  const isResult = (name: string): boolean => model.outputs.some(output => output.name === name);
  const early = new Set(
    model.nodes.filter(({ inputs, outputs }) => {
      const only = inputs.every(isKnown) && inputs.some(name => known.has(name)) && !outputs.some(isResult);
      if (only) for (const name of outputs) known.add(name);
      return only;
    }),
  );
  const [first, rest] = [true, false].map(half => model.nodes.filter(node => early.has(node) === half));
  const wanted = new Set([...rest.flatMap(({ inputs }) => inputs), ...model.outputs.map(({ name }) => name)]);
  const between = first
    .flatMap(({ outputs }) => outputs)
    .filter(name => wanted.has(name))
    .map((name): OnnxValue => ({ name, type: 'float32', shape: [], anyShape: true }));
  const spent = fixed.length === 1 && !wanted.has(fixed[0]) ? fixed[0] : undefined;
  const used = (nodes: OnnxModel['nodes']): OnnxModel['initializers'] => {
    const names = new Set(nodes.flatMap(({ inputs }) => inputs));
    return model.initializers.filter(({ name }) => names.has(name));
  };
  return {
    first: {
      nodes: first,
      inputs: model.inputs.filter(({ name }) => fixed.includes(name)),
      outputs: between,
      initializers: used(first),
    },
    rest: {
      ...model,
      nodes: rest,
      inputs: [...model.inputs.filter(({ name }) => name !== spent), ...between],
      initializers: used(rest),
    },
  };
};
