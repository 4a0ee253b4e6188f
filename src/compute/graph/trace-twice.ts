import type { Shape } from '../host-arrays';
import { reachable } from './graph';
import { trace, type Trace, TraceError, type TensorFunction } from './trace';

/**
 * Traces f twice: values drawn at random inside would be frozen into constants, and differ between the two.
 * @throws TraceError when they differ.
 */
export const traceTwice = (f: TensorFunction, shapes: Record<string, Shape>): Trace => {
  const [first, second] = [trace(f, shapes), trace(f, shapes)];
  const text = ({ results }: Trace): string =>
    reachable(Object.values(results))
      .map(
        ({ op, inputs, attributes, shape }) =>
          `${op}(${inputs.map(v => v.id)}) ${JSON.stringify(attributes)} [${shape}]`,
      )
      .join('\n');
  if (text(first) !== text(second))
    throw new TraceError(
      'the step gives another graph when traced again: chance or a clock inside. Make noise an input.',
    );
  return first;
};
