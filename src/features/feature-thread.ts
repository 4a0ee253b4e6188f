/* A thread in which a feature network runs, so that the thread that asks stays free. */
import { WorkerError } from '../compute/onnx';
import { startNativeThread } from '../compute/native-thread';
import type { FeatureAnswer, FeatureRequest, Received, Sent } from './feature-worker';

export type FeatureThread = {
  /** Requests are answered in their order. @throws WorkerError with what went wrong there */
  ask: (request: FeatureRequest, transfer?: ArrayBuffer[]) => Promise<FeatureAnswer>;
  /** Ends the thread; what was asked and not yet answered fails. */
  end: () => Promise<void>;
};

export const startFeatureThread = (): FeatureThread => {
  const thread = startNativeThread(require.resolve('./feature-worker'));
  const { worker } = thread;
  const waiting = new Map<number, { resolve: (answer: FeatureAnswer) => void; reject: (error: Error) => void }>();
  let ended: WorkerError | undefined;
  let sent = 0;

  const endWith = (message: string): void => {
    ended ??= new WorkerError(message);
    for (const { reject } of waiting.values()) reject(ended);
    waiting.clear();
  };
  worker.on('message', ({ id, answer, problem }: Received) => {
    const entry = waiting.get(id);
    waiting.delete(id);
    if (waiting.size === 0 && !ended) worker.unref(); // a thread at rest does not keep the process alive
    if (answer) entry?.resolve(answer);
    else entry?.reject(new WorkerError(problem));
  });
  worker.on('error', (error: Error) => {
    endWith(`a feature thread failed: ${error.message}`);
  });
  worker.on('exit', code => {
    endWith(`a feature thread ended with code ${code}`);
  });
  worker.unref();

  return {
    ask: (request, transfer = []) => {
      if (ended) return Promise.reject(ended);
      const id = sent++;
      const answer = new Promise<FeatureAnswer>((resolve, reject) => waiting.set(id, { resolve, reject }));
      worker.ref();
      worker.postMessage({ id, request } satisfies Sent, transfer);
      return answer;
    },
    end: async () => {
      endWith('the feature network has been disposed of');
      worker.ref(); // until it has ended
      await thread.end();
    },
  };
};
