import { Matrix, SVD } from 'ml-matrix';
import { productTransposed } from '../compute/onnx';
import { startThread } from '../compute/start-thread';
import { covarianceFactor } from './covariance-factor';
import type { StatisticsOptions } from './feature-statistics';

/** Two covariances [d, d] and how to multiply. */
export type RootTraceTask = { a: Float64Array; b: Float64Array; d: number; engine?: StatisticsOptions['engine'] };

/**
 * tr sqrt(A B) for covariances A = R^T R and B = S^T S of any rank: the sum of the singular values of R S^T, since their
 * squares are the eigenvalues of A B. Values alone, no vectors. Unlike roots of eigenvalues, they keep their precision
 * where they are small.
 */
export const rootTraceHere = async ({ a, b, d, engine }: RootTraceTask): Promise<number> => {
  const [r, s] = [covarianceFactor(a, d), covarianceFactor(b, d)];
  if (r.rank === 0 || s.rank === 0) return 0;
  const product = await productTransposed(r.rows, s.rows, { n: r.rank, m: s.rank, k: d }, { engine });
  const { diagonal } = new SVD(Matrix.from1DArray(r.rank, s.rank, product), {
    computeLeftSingularVectors: false,
    computeRightSingularVectors: false,
    autoTranspose: true,
  });
  return diagonal.reduce((sum, value) => sum + value, 0);
};

const LARGE = 512; // dimensions that take longer than a thread needs to start

/**
 * tr sqrt(A B), large ones in a thread of their own, so that this one stays free.
 * @throws the signal's reason; Error where the thread fails
 */
export const rootTrace = async (task: RootTraceTask, signal?: AbortSignal): Promise<number> => {
  signal?.throwIfAborted();
  if (task.d < LARGE) return rootTraceHere(task);
  const worker = startThread(require.resolve('./root-trace-worker'), { workerData: task });
  let stop = (): void => undefined;
  try {
    return await new Promise<number>((resolve, reject) => {
      stop = () => {
        reject(signal!.reason as Error);
      };
      signal?.addEventListener('abort', stop);
      worker.once('message', resolve);
      worker.once('error', reject);
      worker.once('exit', code => {
        reject(new Error(`frechetDistance: its thread ended with code ${code} before it had a result`));
      });
    });
  } finally {
    signal?.removeEventListener('abort', stop);
    await worker.terminate();
  }
};
