/* From a traced graph to StableHLO: value by value, one emitter an operation. XLA does the fusing. */
import { reachable, splatOf, type Value } from '../graph/graph';
import type { Trace } from '../graph/trace';
import { HloBuilder } from './builder';
import { ARRANGEMENT_EMITTERS } from './emit-arrangement';
import { CONVOLUTION_EMITTERS } from './emit-convolutions';
import { PRODUCT_EMITTERS } from './emit-products';
import { SCALAR_EMITTERS } from './emit-scalars';
import { type Emission, type Emitters, type Precision, typeOf } from './emitter';
import type { Hlo, HloModule } from './hlo';

/** Every operation of the graph. */
export const EMITTERS: Emitters = {
  ...SCALAR_EMITTERS,
  ...ARRANGEMENT_EMITTERS,
  ...PRODUCT_EMITTERS,
  ...CONVOLUTION_EMITTERS,
};

/** Writes a trace into a module that is being built: its inputs are values of the module, and so are its results. */
export const emit = (
  { graph, results }: Trace,
  inputs: Readonly<Record<string, Hlo>>,
  { builder, precision }: Pick<Emission, 'builder' | 'precision'>,
): Record<string, Hlo> => {
  const values = new Map<Value, Hlo>();
  const emission: Emission = {
    builder,
    precision,
    of: value => {
      const splat = splatOf(value);
      if (splat !== undefined) return builder.splat(splat, value.shape, typeOf(value));
      const written = values.get(value) ?? EMITTERS[value.op](value, emission); // a constant that is needed after all
      values.set(value, written);
      return written;
    },
  };
  for (const value of graph.inputs) values.set(value, inputs[String(value.attributes.name)]);
  for (const value of reachable(Object.values(results)))
    if (value.op !== 'input' && value.op !== 'constant' && splatOf(value) === undefined)
      values.set(value, EMITTERS[value.op](value, emission));
  return Object.fromEntries(Object.entries(results).map(([name, value]) => [name, emission.of(value)]));
};

/**
 * The module of a trace: an argument for every input, also where no result needs it. A result with the name of an input
 * takes that input's memory.
 */
export const moduleOf = (trace: Trace, precision: Precision = 'float32'): HloModule => {
  const builder = new HloBuilder();
  const inputs = trace.graph.inputs.map(value => {
    const name = String(value.attributes.name);
    return [name, builder.argument(name, value.shape, typeOf(value))] as const;
  });
  return builder.module(emit(trace, Object.fromEntries(inputs), { builder, precision }));
};
