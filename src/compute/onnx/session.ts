/* A model ready to run: inputs and outputs keep their buffers from run to run. */
import { type Shape, shapeSize } from '../host-arrays';
import type * as Ort from 'onnxruntime-node';
import { fail } from '../check';
import { encodeOnnx, NEXT, type OnnxModel } from './onnx-file';
import { runtime, SESSION_OPTIONS } from './runtime';
import { splitFixed } from './split-fixed';

/** Plain named arrays. */
export type Arrays = Record<string, Float32Array>;

/** A model's inputs and outputs. */
export type Signature = { inputs: Record<string, Shape>; outputs: Record<string, Shape> };

/** What a session is made from: a model's file, and that of what depends on `fixed` inputs alone. */
export type Parts = {
  bytes: Uint8Array;
  signature: Signature;
  first?: { bytes: Uint8Array; fixed: readonly string[] };
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
  return { bytes: encodeOnnx(rest), signature, first: { bytes: encodeOnnx(first), fixed } };
};

/** An ONNX Runtime session with buffers of its own for every input and output. */
export class Session {
  private stale = true; // a fixed input was written to

  private constructor(
    private readonly session: Ort.InferenceSession,
    private readonly first: Ort.InferenceSession | undefined,
    private readonly fixed: ReadonlySet<string>,
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
    return new Session(
      await open(bytes),
      first && (await open(first.bytes)),
      new Set(first?.fixed),
      signature,
      buffers(ort, inputs),
      buffers(ort, Object.fromEntries(results)),
    );
  }

  /** The buffer that an input is read from. */
  input(name: string): Float32Array {
    this.stale ||= this.fixed.has(name);
    return this.feeds[name].data as Float32Array;
  }

  /** The buffer that an output is written to: valid until the next run. */
  output(name: string): Float32Array {
    return this.fetches[name in this.signature.inputs ? name + NEXT : name].data as Float32Array;
  }

  async run(): Promise<void> {
    if (this.first && this.stale) {
      const fixed = Object.entries(this.feeds).filter(([name]) => this.fixed.has(name));
      Object.assign(this.feeds, await this.first.run(Object.fromEntries(fixed)));
      this.stale = false;
    }
    await this.session.run(this.feeds, this.fetches);
  }

  async dispose(): Promise<void> {
    await this.session.release();
    await this.first?.release();
  }
}

/** A session for a model in this thread: running it keeps the thread busy. */
export const openSession = (model: OnnxModel): Promise<Session> => Session.create(partsOf(model));

/** Checks arrays against the shapes of a signature and copies them into a session's inputs. */
export const feed = (session: Session, arrays: Arrays): void => {
  for (const [name, shape] of Object.entries(session.signature.inputs)) {
    const array = arrays[name] as Float32Array | undefined;
    if (array?.length !== shapeSize(shape))
      fail('compiled function', name, `${shapeSize(shape)} numbers (shape [${shape.join(', ')}])`, array?.length);
    session.input(name).set(array!);
  }
};
