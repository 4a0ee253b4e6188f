/* A model ready to run: inputs and outputs keep their buffers from run to run. */
import { type Shape, shapeSize } from '../host-arrays';
import type * as Ort from 'onnxruntime-node';
import { fail } from '../check';
import { encodeOnnx, NEXT, type OnnxModel } from './onnx-file';
import { runtime, SESSION_OPTIONS } from './runtime';
import { arrayOf, copied, followWeights, onlyRearranges, viewOf } from './rearranged-weights';
import { splitFixed } from './split-fixed';

/** Plain named arrays. */
export type Arrays = Record<string, Float32Array>;

/** A model's inputs and outputs. */
export type Signature = { inputs: Record<string, Shape>; outputs: Record<string, Shape> };

/**
 * What a session is made from: a model's file, and that of what depends on `fixed` inputs alone. Where that only arranges a
 * single weight as operators take it, it is there as a model too.
 */
export type Parts = {
  bytes: Uint8Array;
  signature: Signature;
  first?: {
    bytes: Uint8Array;
    fixed: readonly string[];
    arranges?: Pick<OnnxModel, 'nodes' | 'initializers' | 'outputs'>;
  };
};

/** Inputs and outputs by the names of the traced function. */
export const signatureOf = ({ inputs, outputs }: OnnxModel): Signature => {
  const entries = Object.fromEntries(inputs.map(({ name, shape }) => [name, shape as Shape]));
  const plain = (name: string): string => {
    const base = name.slice(0, -NEXT.length);
    return name.endsWith(NEXT) && base in entries ? base : name;
  };
  return {
    inputs: entries,
    outputs: Object.fromEntries(outputs.map(({ name, shape }) => [plain(name), shape as Shape])),
  };
};

const buffers = (ort: typeof Ort, shapes: Record<string, Shape>): Record<string, Ort.Tensor> =>
  Object.fromEntries(
    Object.entries(shapes).map(([name, shape]) => [
      name,
      new ort.Tensor('float32', new Float32Array(shapeSize(shape)), shape),
    ]),
  );

/** Bytes of inputs from which on a session does without an arena. */
const LARGE = 2 ** 28;

/**
 * An arena saves small networks time; it grows by doubling and gives nothing back, which costs large ones a third more
 * memory. No result depends on it.
 */
const optionsFor = ({ inputs }: Signature): typeof SESSION_OPTIONS => {
  const bytes = Object.values(inputs).reduce((sum, shape) => sum + 4 * shapeSize(shape), 0);
  return { ...SESSION_OPTIONS, enableCpuMemArena: bytes < LARGE };
};

/** The parts of a model; what depends on `fixed` inputs alone is computed again only when one of them is written to. */
export const partsOf = (model: OnnxModel, fixed: readonly string[] = []): Parts => {
  const signature = signatureOf(model);
  if (fixed.length === 0) return { bytes: encodeOnnx(model), signature };
  const { first, rest } = splitFixed(model, fixed);
  if (first.nodes.length === 0) return { bytes: encodeOnnx(model), signature };
  const isSpent = !rest.inputs.some(({ name }) => fixed.includes(name));
  const parts = { bytes: encodeOnnx(first), fixed, ...(isSpent && onlyRearranges(first) && { arranges: first }) };
  return { bytes: encodeOnnx(rest), signature, first: parts };
};

/** A weight in the forms that operators take; the numbers that it comes as are not kept. */
class ArrangedWeight {
  readonly results: Record<string, Ort.Tensor> = {};

  constructor(
    readonly name: string,
    private readonly shape: Shape,
    private readonly model: Pick<OnnxModel, 'nodes' | 'initializers' | 'outputs'>,
  ) {}

  write(data: Float32Array): void {
    const known = new Map([[this.name, viewOf({ shape: this.shape, data })]]);
    followWeights(this.model, known);
    for (const { name } of this.model.outputs) {
      const view = known.get(name)!;
      if (name in this.results) copied(view, this.results[name].data as Float32Array);
      else {
        const own = arrayOf(view);
        const { data: values, shape } = own.data.buffer === data.buffer ? copied(view) : own;
        this.results[name] = new (runtime().Tensor)('float32', values, shape);
      }
    }
  }
}

/** The session of what depends on fixed inputs alone. */
type First = {
  session: Ort.InferenceSession;
  fixed: readonly string[];
  /** A fixed input was written to. */
  stale: boolean;
  /** Written over by the next run. */
  results?: Record<string, Ort.Tensor>;
};

/** An ONNX Runtime session with buffers of its own for every input and output. */
export class Session {
  private constructor(
    private readonly session: Ort.InferenceSession,
    private readonly first: First | undefined,
    private readonly arranged: ArrangedWeight | undefined,
    readonly signature: Signature,
    private readonly feeds: Record<string, Ort.Tensor>,
    private readonly fetches: Record<string, Ort.Tensor>,
  ) {}

  static async create({ bytes, signature, first }: Parts): Promise<Session> {
    const ort = runtime();
    const options = optionsFor(signature);
    const open = (file: Uint8Array) => ort.InferenceSession.create(file, options);
    const { inputs, outputs } = signature;
    const results = Object.entries(outputs).map(
      ([name, shape]) => [name in inputs ? name + NEXT : name, shape] as const,
    );
    const { fixed = [], arranges } = first ?? {};
    const arranged = arranges && new ArrangedWeight(fixed[0], inputs[fixed[0]], arranges);
    const buffered = Object.entries(inputs).filter(([name]) => name !== arranged?.name);
    return new Session(
      await open(bytes),
      first && !arranged ? { fixed, session: await open(first.bytes), stale: true } : undefined,
      arranged,
      signature,
      buffers(ort, Object.fromEntries(buffered)),
      buffers(ort, Object.fromEntries(results)),
    );
  }

  /** Copies an input's values in, for all runs until it is written again; before the first run each must be. */
  write(name: string, values: Float32Array | undefined): void {
    const shape = this.signature.inputs[name];
    if (values?.length !== shapeSize(shape))
      return fail(
        'compiled function',
        name,
        `${shapeSize(shape)} numbers (shape [${shape.join(', ')}])`,
        values?.length,
      );
    if (name === this.arranged?.name) return this.arranged.write(values);
    if (this.first?.fixed.includes(name)) this.first.stale = true;
    (this.feeds[name].data as Float32Array).set(values);
  }

  /** The buffer that an output is written to: valid until the next run. */
  output(name: string): Float32Array {
    return this.fetches[name in this.signature.inputs ? name + NEXT : name].data as Float32Array;
  }

  async run(): Promise<void> {
    const { first, feeds, arranged } = this;
    if (first?.stale) {
      const fixed = Object.fromEntries(first.fixed.map(name => [name, feeds[name]]));
      if (first.results) await first.session.run(fixed, first.results);
      else first.results = await first.session.run(fixed);
      first.stale = false;
    }
    await this.session.run({ ...feeds, ...first?.results, ...arranged?.results }, this.fetches);
  }

  async dispose(): Promise<void> {
    await this.session.release();
    await this.first?.session.release();
  }
}

/** A session for a model in this thread: running it keeps the thread busy. */
export const openSession = (model: OnnxModel): Promise<Session> => Session.create(partsOf(model));

/** Copies arrays into a session's inputs. @throws ArgumentError for one that is missing or of another size */
export const feed = (session: Session, arrays: Arrays): void => {
  for (const name of Object.keys(session.signature.inputs)) session.write(name, arrays[name]);
};
