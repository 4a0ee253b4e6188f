/*
 * Threads that spend their time in native code. Node aborts the whole process when such a thread is ended in the middle
 * of a native call (its binding cannot throw into a thread that no longer runs JavaScript): they end between calls.
 */
import { type Worker, workerData, type WorkerOptions } from 'node:worker_threads';
import { startThread } from './start-thread';

/** Bits of the word that a thread shares with the one that started it. */
const INSIDE = 1;
const ENDING = 2;

/** Milliseconds; a thread that died inside a call says nothing more. One call of the largest networks takes minutes. */
const LONGEST_CALL = 600_000;

type Shared = { nativeCalls: Int32Array };

export type NativeThread = {
  readonly worker: Worker;
  /** Lets a native call that is under way come to its end, and no other begin; resolves when the thread has ended. */
  end: () => Promise<void>;
};

const alive = new Set<Int32Array>();

/** At the end of the process Node ends all threads: each finishes the call it is in. */
const letCallsEnd = (): void => {
  for (const word of alive) Atomics.or(word, 0, ENDING);
  for (const word of alive)
    for (let state = Atomics.load(word, 0); state & INSIDE; state = Atomics.load(word, 0))
      if (Atomics.wait(word, 0, state, LONGEST_CALL) === 'timed-out') break;
};

let armed = false;

/**
 * A thread that runs a module whose native calls go through `nativeCall`.
 * @param file as `require.resolve` gives it
 * @param data what the module finds as its `workerData`
 */
export const startNativeThread = (file: string, data: object = {}, options: WorkerOptions = {}): NativeThread => {
  const word = new Int32Array(new SharedArrayBuffer(4));
  const worker = startThread(file, { ...options, workerData: { ...data, nativeCalls: word } satisfies Shared });
  if (!armed) process.on('exit', letCallsEnd);
  armed = true;
  alive.add(word);
  const ended = new Promise<void>(resolve =>
    worker.once('exit', () => {
      alive.delete(word);
      resolve();
    }),
  );
  return {
    worker,
    end: async () => {
      if (!(Atomics.or(word, 0, ENDING) & INSIDE)) void worker.terminate(); // else it ends itself after its call
      await ended;
    },
  };
};

/** Leaves a native call; where the thread is to end, it ends here. */
const leave = (word: Int32Array): void => {
  const ending = Atomics.and(word, 0, ~INSIDE) & ENDING;
  Atomics.notify(word, 0);
  if (ending) process.exit(); // ends this thread, not the process
};

/** In a native thread: runs `call`, during which the thread is not ended. Not to be nested. */
export const nativeCall = async <T>(call: () => Promise<T>): Promise<T> => {
  const { nativeCalls: word } = workerData as Shared;
  if (Atomics.or(word, 0, INSIDE) & ENDING) leave(word);
  try {
    return await call();
  } finally {
    leave(word);
  }
};
