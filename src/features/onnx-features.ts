/* Any ONNX file as a feature network, on every processor, off the thread that asks. */
import type { Images } from '../compute/host-arrays';
import { availableParallelism, totalmem } from 'node:os';
import { ArgumentError, expectInteger, expectKeys, fail } from '../compute/check';
import { readNetwork } from '../compute/onnx';
import { runtimeProblem } from '../compute/onnx/runtime';
import { expectByteImages } from '../datasets';
import type { Extracted, ExtractOptions, FeatureExtractor } from '../metrics';
import { expectDeclaration, expectImageSize, type FeatureDeclaration, planFeatures } from './feature-plan';
import { type FeatureThread, startFeatureThread } from './feature-thread';
import type { FeaturePlan, FileSignature, Rows } from './feature-worker';
import { preprocessingText } from './preprocessing';

/** Options of `onnxFeatures`. */
export type OnnxFeaturesOptions = {
  /** Threads, each with the network in memory; default: one for each processor while memory lasts. */
  workers?: number;
};

const WHERE = 'onnxFeatures';
const LARGEST_SIDE = 4096; // pixels of an input that the file fixes
const LARGEST_BATCH = 1024; // images that the file insists on
const BATCH = 8; // stays in the processor's cache; more is slower

/** The network in memory that all threads see, and its hash. */
const sharedNetwork = async (file: string): Promise<{ bytes: SharedArrayBuffer; sha256: string }> => {
  const { bytes: own, sha256 } = await readNetwork(file, { where: WHERE, name: 'file' });
  const bytes = new SharedArrayBuffer(own.length);
  new Uint8Array(bytes).set(own);
  return { bytes, sha256 };
};

/** A session takes about twice the file; a quarter of the memory may go to sessions. */
const workersFor = (size: number): number =>
  Math.max(1, Math.min(availableParallelism(), Math.floor(totalmem() / 4 / (2 * size + 1))));

type ResourceScope = { threads: FeatureThread[]; signature: FileSignature };

/** Threads one after the other: each needs a copy of the file while it opens it. */
const openThreads = async (file: string, bytes: SharedArrayBuffer, workers: number): Promise<ResourceScope> => {
  const threads: FeatureThread[] = [];
  const each = Math.max(1, Math.floor(availableParallelism() / workers));
  let signature: FileSignature | undefined;
  try {
    for (let i = 0; i < workers; i++) {
      threads.push(startFeatureThread());
      ({ signature } = await threads[i].ask({ kind: 'open', bytes, threads: each }));
    }
  } catch (error) {
    await endAll(threads);
    return fail(WHERE, 'file', `an ONNX network (${(error as Error).message.split('\n')[0]})`, file);
  }
  return { threads, signature: signature! };
};

const endAll = async (threads: readonly FeatureThread[]): Promise<void> => {
  await Promise.all(threads.map(thread => thread.end()));
};

/** Runs a plan on images [first, first + count) in a thread. */
const runPiece = async (
  thread: FeatureThread,
  plan: FeaturePlan,
  images: Images,
  first: number,
  count: number,
): Promise<{ features: Rows; logits?: Rows }> => {
  const size = images.h * images.w * images.c;
  const data = images.data.slice(first * size, (first + count) * size);
  const { features, logits } = await thread.ask({ kind: 'run', plan, images: { ...images, data, n: count } }, [
    data.buffer,
  ]);
  return { features: features!, logits };
};

/** A black image that the network takes: tells the lengths of its vectors, and that it runs. */
const blank = ({ inputs }: FileSignature, plan: FeaturePlan): Images => {
  const { preprocessing } = plan;
  const shape = inputs[0].shape.length === 4 ? inputs[0].shape : ['', '', '', ''];
  const [height, width] = preprocessing.layout === 'NCHW' ? shape.slice(2) : shape.slice(1);
  const open = preprocessing.crop ?? 32; // pixels, where neither file nor declaration fixes them
  const [h, w] = [height, width].map(size => (typeof size === 'number' ? size : open));
  const c = preprocessing.channels === 'grey' ? 1 : 3;
  if (Math.max(h, w) > LARGEST_SIDE || (plan.fixedBatch ?? 1) > LARGEST_BATCH)
    fail(
      WHERE,
      'file',
      `for at most ${LARGEST_BATCH} images of ${LARGEST_SIDE} pixels a side at once`,
      inputs[0].shape,
    );
  return { data: new Uint8Array(h * w * c), n: 1, h, w, c };
};

const expectLength = (what: string, found: number, declared?: number): void => {
  if (declared !== undefined && declared !== found) fail(WHERE, what, `${declared}, as declared`, found);
};

/**
 * Opens an ONNX file as a feature network. Images are resized and laid out as declared and run `batch` at a time in
 * threads of their own; grey images are repeated for networks of colour ones. What comes out is the same for every batch
 * size and number of threads, up to the rounding of the runtime's matrix products. Dispose of it after use.
 * @throws ArgumentError where onnxruntime-node is missing, the file is damaged, of another hash, or not as declared; Node's
 * error for a missing file
 */
export const onnxFeatures = async (
  file: string,
  declaration: FeatureDeclaration,
  options: OnnxFeaturesOptions = {},
): Promise<FeatureExtractor> => {
  expectDeclaration(WHERE, declaration);
  expectKeys(WHERE, options, ['workers']);
  if (options.workers !== undefined) expectInteger(WHERE, 'workers', options.workers, { min: 1, max: 256 });
  const problem = runtimeProblem();
  if (problem !== undefined)
    throw new ArgumentError(`${WHERE}: feature networks need ONNX Runtime, npm install onnxruntime-node: ${problem}`);
  const { bytes, sha256 } = await sharedNetwork(file);
  if (declaration.sha256 !== undefined && declaration.sha256 !== sha256)
    fail(WHERE, `the SHA-256 of ${file}`, declaration.sha256, sha256);
  const { threads, signature } = await openThreads(file, bytes, options.workers ?? workersFor(bytes.byteLength));
  try {
    const { plan, d, classes } = planFeatures(WHERE, signature, declaration);
    const first = await runPiece(threads[0], plan, blank(signature, plan), 0, 1);
    expectLength('the length of a feature vector', d ?? first.features.d, declaration.d);
    expectLength('the number of classes', classes ?? first.logits?.d ?? 0, declaration.classes);
    const lengths = { d: first.features.d, classes: first.logits?.d ?? 0 };
    const preprocessing = `${preprocessingText(declaration.preprocessing)}, output ${plan.features}`;
    const token = plan.token === undefined ? '' : ` token ${plan.token}`;
    return {
      name: declaration.name,
      ...lengths,
      sha256,
      preprocessing: preprocessing + token,
      extract: (images, given) => extract(threads, signature, plan, lengths, images, given),
      dispose: () => endAll(threads),
    };
  } catch (error) {
    await endAll(threads);
    throw error;
  }
};

/** Every thread takes the next images when it has done its last. */
const extract = async (
  threads: readonly FeatureThread[],
  signature: FileSignature,
  plan: FeaturePlan,
  { d, classes }: { d: number; classes: number },
  images: Images,
  options: ExtractOptions = {},
): Promise<Extracted> => {
  expectByteImages('extract', images);
  expectKeys('extract', options, ['batch', 'signal', 'onImages']);
  const { batch = BATCH, signal, onImages } = options;
  const { n, c } = images;
  expectInteger('extract', 'images.n', n, { min: 1 });
  expectInteger('extract', 'batch', batch, { min: 1 });
  const channels = plan.preprocessing.channels === 'grey' ? [1] : [1, 3];
  if (!channels.includes(c)) fail('extract', 'images.c', channels.join(' or '), c);
  expectImageSize('extract', signature, plan, images);
  const share = Math.min(plan.fixedBatch ?? batch, Math.ceil(n / threads.length));
  const features = { data: new Float32Array(n * d), n, d };
  const logits = { data: new Float32Array(n * classes), n, d: classes };
  let [next, done, failed] = [0, 0, false];

  const work = async (thread: FeatureThread): Promise<void> => {
    while (next < n && !failed) {
      signal?.throwIfAborted();
      const [first, count] = [next, Math.min(share, n - next)];
      next += count;
      const rows = await runPiece(thread, plan, images, first, count);
      if (rows.features.d !== d)
        fail(
          'extract',
          'images',
          `of a size that gives vectors of length ${d}`,
          `vectors of length ${rows.features.d}`,
        );
      features.data.set(rows.features.data, first * d);
      if (rows.logits) logits.data.set(rows.logits.data, first * classes);
      done += count;
      onImages?.(done, n);
    }
  };
  const ends = await Promise.allSettled(
    threads.map(thread =>
      work(thread).catch((error: unknown) => {
        failed = true;
        throw error;
      }),
    ),
  );
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
  return classes > 0 ? { features, logits } : { features };
};
