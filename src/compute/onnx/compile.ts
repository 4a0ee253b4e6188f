import type { Shape } from '../host-arrays';
import { fail } from '../check';
import { TraceError, type TensorFunction, traceTwice } from '../graph';
import { lower } from './lower';
import type { Target } from './lowering';
import type { OnnxModel } from './onnx-file';
import { type LoweringName, targetFor } from './probe';
import { type Arrays, feed, openSession } from './session';

/** A compiled function: the signature of the traced one, on plain arrays. */
export type Compiled = {
  (arrays: Arrays): Promise<Arrays>;
  dispose: () => Promise<void>;
};

/** A batch that is worked on in parts. */
export type SharedBatch = { batch: number; parts: number };

/** A tensor with a row for each sample of the whole batch cannot be used with a part of it, unless it is shared too. */
const expectNoBatch = (captured: readonly Shape[], { batch, parts }: SharedBatch): void => {
  const own = parts > 1 && batch > 1 ? captured.find(([rows]) => rows === batch) : undefined;
  if (own)
    throw new TraceError(
      `the step reads a tensor of shape [${own.join(', ')}] that is not one of its inputs: as many rows as the batch of ` +
        `${batch}, which is worked on in ${parts} parts. Make it an input, or use one worker and one accumulation round.`,
    );
};

/**
 * The ONNX model of a function for inputs of these shapes; `shared` where they are a part of a batch.
 * @throws TraceError, also for a tensor of a whole batch that f reads and is not given; ArgumentError for a result that is
 * not float32.
 */
export const modelOf = (
  f: TensorFunction,
  shapes: Record<string, Shape>,
  target: Target,
  shared: SharedBatch = { batch: 0, parts: 1 },
): OnnxModel => {
  const traced = traceTwice(f, shapes);
  expectNoBatch(traced.captured, shared);
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
