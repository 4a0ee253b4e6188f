/* A feature network in threads of ONNX Runtime: on every processor, off the thread that asks. */
import { availableParallelism } from 'node:os';
import { ArgumentError, fail } from '../compute/check';
import { machineMemory } from '../compute/machine-memory';
import { runtimeProblem } from '../compute/onnx/runtime';
import type { OpenNetwork } from './extract-features';
import { type FeatureDeclaration, type Planned, planFeatures } from './feature-plan';
import { type FeatureThread, startFeatureThread } from './feature-thread';
import type { FileSignature } from './feature-worker';

const BATCH = 8; // stays in the processor's cache; more is slower

/** Sessions for a file of so many bytes: each takes about twice as much; a quarter of the memory may go to sessions. */
export const workersFor = (size: number): number =>
  Math.max(1, Math.min(availableParallelism(), Math.floor(machineMemory() / 4 / (2 * size + 1))));

type Threads = { threads: FeatureThread[]; signature: FileSignature };

const endAll = async (threads: readonly FeatureThread[]): Promise<void> => {
  await Promise.all(threads.map(thread => thread.end()));
};

/** Threads one after the other: each needs a copy of the file while it opens it. */
const openThreads = async (where: string, file: string, own: Uint8Array, workers: number): Promise<Threads> => {
  const bytes = new SharedArrayBuffer(own.length); // in memory that all threads see
  new Uint8Array(bytes).set(own);
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
    return fail(where, 'file', `an ONNX network (${(error as Error).message.split('\n')[0]})`, file);
  }
  return { threads, signature: signature! };
};

/**
 * Opens the bytes of an ONNX file in ONNX Runtime.
 * @param file what errors call it
 * @throws ArgumentError where onnxruntime-node is missing, or the file damaged or not as declared
 */
export const openInRuntime = async (
  where: string,
  file: string,
  bytes: Uint8Array,
  declaration: FeatureDeclaration,
  workers = workersFor(bytes.length),
): Promise<{ planned: Planned; network: OpenNetwork }> => {
  const problem = runtimeProblem();
  if (problem !== undefined)
    throw new ArgumentError(`${where}: feature networks need ONNX Runtime, npm install onnxruntime-node: ${problem}`);
  const { threads, signature } = await openThreads(where, file, bytes, workers);
  try {
    const planned = planFeatures(where, signature, declaration);
    const { plan } = planned;
    const lanes = threads.map((thread): OpenNetwork['lanes'][number] => async images => {
      const { features, logits } = await thread.ask({ kind: 'run', plan, images }, [images.data.buffer]);
      return { features: features!, ...(logits && { logits }) };
    });
    const lengthsOf: OpenNetwork['lengthsOf'] = async images => {
      const { features, logits } = await lanes[0](images);
      return { d: features.d, classes: logits?.d ?? 0 };
    };
    return { planned, network: { signature, plan, batch: BATCH, lanes, lengthsOf, dispose: () => endAll(threads) } };
  } catch (error) {
    await endAll(threads);
    throw error;
  }
};
