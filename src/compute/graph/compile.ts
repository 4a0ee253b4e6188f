import { fail } from '../check';
import { lower } from './lower';
import { reachable } from './graph';
import type { Target } from './lowering';
import type { OnnxModel } from './onnx-file';
import { type LoweringName, targetFor } from './probe';
import { type Arrays, feed, openSession } from './session';
import type { Shape } from './shapes';
import { type TensorFunction, trace, TraceError, type Trace } from './trace';

/** A compiled function: the signature of the traced one, on plain arrays. */
export type Compiled = {
  (arrays: Arrays): Promise<Arrays>;
  dispose: () => Promise<void>;
};

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

/**
 * The ONNX model of a function for inputs of these shapes.
 * @throws TraceError; ArgumentError for a result that is not float32.
 */
export const modelOf = (f: TensorFunction, shapes: Record<string, Shape>, target: Target): OnnxModel => {
  const traced = traceTwice(f, shapes);
  for (const [name, { dtype }] of Object.entries(traced.results))
    if (dtype !== 'float32') fail('compile', `result ${name}`, 'of type float32', dtype); // what sessions return
  return lower(traced, target);
};

/** The same for a lowering by name, on this machine. */
export const compileModel = async (
  f: TensorFunction,
  shapes: Record<string, Shape>,
  lowering: LoweringName = 'auto',
): Promise<OnnxModel> => modelOf(f, shapes, await targetFor(lowering));

/**
 * Compiles a function of named tensors for inputs of fixed shapes: traced once, optimised, run by ONNX Runtime in this
 * thread. Results are fresh arrays. Calls wait for those before them, and read their arrays when it is their turn.
 * @throws TraceError naming the kernel and the line of f where something cannot be traced; ArgumentError for a result that
 * is not float32; Error when ONNX Runtime is absent.
 */
export const compile = async (
  f: TensorFunction,
  { shapes, lowering = 'auto' }: { shapes: Record<string, Shape>; lowering?: LoweringName },
): Promise<Compiled> => {
  const session = await openSession(await compileModel(f, shapes, lowering));
  let last: Promise<unknown> = Promise.resolve();
  /** One after the other: all calls share the session's buffers. */
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const turn = last.then(work);
    last = turn.catch(() => undefined);
    return turn;
  };
  const call = (arrays: Arrays): Promise<Arrays> =>
    inTurn(async () => {
      feed(session, arrays);
      await session.run();
      const names = Object.keys(session.signature.outputs);
      return Object.fromEntries(names.map(name => [name, session.output(name).slice()]));
    });
  return Object.assign(call, { dispose: () => inTurn(() => session.dispose()) });
};
