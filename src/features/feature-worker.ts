/* The code of a feature thread: holds one session; makes its input of images, runs it, sends the vectors back. */
import { type Images, shapeSize } from '../compute/host-arrays';
import { parentPort } from 'node:worker_threads';
import type * as Ort from 'onnxruntime-node';
import { nativeCall } from '../compute/native-thread';
import { runtime, SESSION_OPTIONS } from '../compute/onnx/runtime';
import { inputShape, preprocess, type Preprocessing } from './preprocessing';
import { expectFinite, type Output, type Rows, rowsOf } from './vector-rows';

/** An input or output of a file; a size that is text, or a shape of none, is only known when it runs. */
export type FileValue = { name: string; type: string; shape: readonly (number | string)[] };
export type FileSignature = { inputs: FileValue[]; outputs: FileValue[] };

/** How images go through a file. */
export type FeaturePlan = {
  preprocessing: Preprocessing;
  input: string;
  features: string;
  logits?: string;
  /** Which vector of an output [n, tokens, d]. */
  token?: number;
  /** Images the file insists on. */
  fixedBatch?: number;
};

export type FeatureRequest =
  | { kind: 'open'; bytes: SharedArrayBuffer; threads: number }
  | { kind: 'run'; plan: FeaturePlan; images: Images }
  | { kind: 'prepare'; preprocessing: Preprocessing; images: Images };
export type FeatureAnswer = {
  signature?: FileSignature;
  features?: Rows;
  logits?: Rows;
  /** The network's input, for a device to compute with. */
  prepared?: Uint8Array | Float32Array;
};
export type Sent = { id: number; request: FeatureRequest };
export type Received = { id: number; answer?: FeatureAnswer; problem?: string };

let session: Ort.InferenceSession | undefined;

const valueOf = (value: Ort.InferenceSession.ValueMetadata): FileValue =>
  value.isTensor
    ? { name: value.name, type: value.type, shape: value.shape }
    : { name: value.name, type: 'no tensor', shape: [] };

const open = async (bytes: SharedArrayBuffer, threads: number): Promise<FeatureAnswer> => {
  const own = Uint8Array.from(new Uint8Array(bytes)); // the runtime does not take shared memory
  session = await runtime().InferenceSession.create(own, {
    ...SESSION_OPTIONS,
    intraOpNumThreads: threads,
    graphOptimizationLevel: 'all',
    // weights kept as small integers are widened once, not at every run: half the time of such a network
    extra: { session: { intra_op: { allow_spinning: '0' }, disable_quant_qdq: '1' } },
  });
  return { signature: { inputs: session.inputMetadata.map(valueOf), outputs: session.outputMetadata.map(valueOf) } };
};

const outputOf = (name: string, { data, dims, type }: Ort.Tensor): Output => {
  if (type !== 'float32') throw new Error(`output '${name}' is of type ${type}, not float32`);
  return { data: data as Float32Array, dims };
};

const run = async (plan: FeaturePlan, images: Images): Promise<FeatureAnswer> => {
  const { preprocessing, input, features, logits, token, fixedBatch } = plan;
  const made = preprocess(images, preprocessing);
  const shape = inputShape(preprocessing, fixedBatch ?? images.n, images);
  const size = shapeSize(shape);
  let data = made;
  if (made.length < size) {
    data = made instanceof Uint8Array ? new Uint8Array(size) : new Float32Array(size); // the rest is not looked at
    data.set(made);
  }
  const feeds = { [input]: new (runtime().Tensor)(preprocessing.dtype, data, shape) };
  const results = await session!.run(feeds, logits === undefined ? [features] : [features, logits]);
  const answer: FeatureAnswer = { features: rowsOf(features, outputOf(features, results[features]), images.n, token) };
  expectFinite(features, answer.features!);
  if (logits !== undefined) {
    answer.logits = rowsOf(logits, outputOf(logits, results[logits]), images.n);
    expectFinite(logits, answer.logits);
  }
  return answer;
};

const answerTo = (request: FeatureRequest): Promise<FeatureAnswer> => {
  if (request.kind === 'open') return open(request.bytes, request.threads);
  if (request.kind === 'run') return run(request.plan, request.images);
  return Promise.resolve({ prepared: preprocess(request.images, request.preprocessing) });
};

let last = Promise.resolve();
parentPort!.on('message', ({ id, request }: Sent) => {
  last = last.then(async () => {
    const received = await nativeCall(async () => answerTo(request)).then(
      (answer): Received => ({ id, answer }),
      (error: Error): Received => ({ id, problem: error.message }),
    );
    const { features, logits, prepared } = received.answer ?? {};
    const buffers = [features?.data, logits?.data, prepared].flatMap(array => (array ? [array.buffer] : []));
    parentPort!.postMessage(received, buffers);
  });
});
