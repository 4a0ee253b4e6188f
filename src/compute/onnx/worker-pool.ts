/* Workers that run compiled programs: parallel, off the thread that calls, with inputs and outputs in shared memory. */
import { createHash } from 'node:crypto';
import { MessageChannel, type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import { type NativeThread, startNativeThread } from '../native-thread';
import type { OnnxModel } from './onnx-file';
import { type Parts, partsOf, type Signature } from './session';
import type { SharedArray } from './shared-array';
import type { Answer, Job, WorkerData } from './worker';

/** A model that workers can run: sent to each of them once, however many users it has. */
export type Program = { readonly id: number; readonly parts: Parts; readonly signature: Signature };

/** Thrown when a worker cannot do its work, or has ended. */
export class WorkerError extends Error {
  override name = 'WorkerError';
}

export type SharedArrays = Record<string, SharedArray>;

/** Milliseconds; a worker that died while this thread was blocked can be noticed in no other way. */
const LONGEST_WAIT = 600_000;

/** Milliseconds for one job; a worker that hangs is ended then. One round of the largest networks takes minutes. */
const LONGEST_JOB = 3_600_000;

type Waiting = { resolve: () => void; reject: (error: Error) => void; watch: NodeJS.Timeout };

/** One worker with what it has been told so far. */
class PooledWorker {
  /** The thread itself. */
  readonly thread: NativeThread;
  private readonly port: MessagePort;
  private readonly done = new Int32Array(new SharedArrayBuffer(4));
  private readonly opened = new Set<number>();
  private readonly waiting = new Map<number, Waiting>();
  private sent = 0;
  /** Why the worker is no more. */
  ended: WorkerError | undefined;
  /** Whether somebody was told, who waited for it when it ended. */
  told = false;

  constructor(private readonly index: number) {
    const { port1, port2 } = new MessageChannel();
    this.port = port1;
    const data: WorkerData = { port: port2, done: this.done };
    this.thread = startNativeThread(require.resolve('./worker'), data, { transferList: [port2] });
    this.port.on('message', (answer: Answer) => {
      this.settle(answer);
    });
    this.thread.worker.on('error', (error: Error) => {
      this.end(`worker ${index} failed: ${error.message}`);
    });
    this.thread.worker.on('exit', code => {
      this.end(`worker ${index} ended with code ${code}`);
    });
    this.rest();
  }

  /** A worker at rest does not keep the process alive. */
  private rest(): void {
    this.thread.worker.unref();
    this.port.unref();
  }

  private end(message: string): void {
    this.ended ??= new WorkerError(message);
    this.told ||= this.waiting.size > 0;
    for (const { reject, watch } of this.waiting.values()) {
      clearTimeout(watch);
      reject(this.ended);
    }
    this.waiting.clear();
    Atomics.store(this.done, 0, -1);
    Atomics.notify(this.done, 0);
  }

  private settle({ number, problem }: Answer): void {
    const entry = this.waiting.get(number);
    this.waiting.delete(number);
    clearTimeout(entry?.watch);
    if (this.waiting.size === 0) this.rest();
    if (problem === undefined) entry?.resolve();
    else entry?.reject(new WorkerError(`worker ${this.index}: ${problem}`));
  }

  private send(job: Job): Promise<void> {
    if (this.ended) return Promise.reject(this.ended);
    const number = ++this.sent;
    const watch = setTimeout(() => {
      this.end(`worker ${this.index} has not answered for ${LONGEST_JOB / 60_000} minutes`);
      void this.thread.end();
    }, LONGEST_JOB);
    watch.unref();
    const result = new Promise<void>((resolve, reject) => this.waiting.set(number, { resolve, reject, watch }));
    this.thread.worker.ref();
    this.port.ref();
    this.port.postMessage(job);
    return result;
  }

  private async open(id: number, parts: Parts): Promise<void> {
    this.opened.add(id); // at once: what is sent behind it finds it open
    try {
      await this.send({ kind: 'open', program: id, parts });
    } catch (error) {
      this.opened.delete(id); // the next run tries again
      throw error;
    }
  }

  /** Runs a program once; the outputs are filled when the promise resolves. */
  async run({ id, parts, signature }: Program, inputs: SharedArrays, outputs: SharedArrays): Promise<void> {
    const opening = this.opened.has(id) ? undefined : this.open(id, parts);
    const wanted = Object.keys(signature.inputs).map(name => {
      const { id: array, version, data } = inputs[name];
      return [name, { id: array, version, data }] as const;
    });
    const results = Object.entries(outputs).map(([name, { data }]) => [name, data] as const);
    const running = this.send({
      kind: 'run',
      program: id,
      inputs: Object.fromEntries(wanted),
      outputs: Object.fromEntries(results),
    });
    await Promise.all([opening, running]);
    for (const output of Object.values(outputs)) output.version++;
  }

  /** Blocks this thread until everything sent so far is done. @throws WorkerError for a job that failed. */
  wait(): void {
    for (let at = Atomics.load(this.done, 0); at >= 0 && at < this.sent; at = Atomics.load(this.done, 0))
      if (Atomics.wait(this.done, 0, at, LONGEST_WAIT) === 'timed-out')
        throw new WorkerError(`worker ${this.index} has not answered for ${LONGEST_WAIT / 60_000} minutes`);
    let problem: string | undefined;
    for (let got = receiveMessageOnPort(this.port); got; got = receiveMessageOnPort(this.port)) {
      const answer = got.message as Answer;
      problem ??= answer.problem;
      this.settle(answer);
    }
    if (problem !== undefined) throw new WorkerError(`worker ${this.index}: ${problem}`);
    if (this.ended) throw this.ended;
  }

  close(id: number): Promise<void> {
    return this.opened.delete(id) ? this.send({ kind: 'close', program: id }) : Promise.resolve();
  }

  async terminate(): Promise<void> {
    this.ended ??= new WorkerError(`worker ${this.index} has been dismissed`);
    await this.thread.end();
    this.port.close();
  }
}

const started: (PooledWorker | undefined)[] = [];

/** Worker `index` of this process, started on first use. @throws WorkerError once for one that ended by itself, unheard. */
const startedWorker = (index: number): PooledWorker => {
  const { ended, told = false } = started[index] ?? {};
  if (ended) started[index] = undefined; // the next use starts another
  if (ended && !told) throw ended;
  return (started[index] ??= new PooledWorker(index));
};

/** The workers of this process so far. */
export const workers = (): readonly (PooledWorker | undefined)[] => started;

/** Runs a program once on worker `index`; its outputs are filled when the promise resolves. */
export const runOn = async (
  index: number,
  program: Program,
  inputs: SharedArrays,
  outputs: SharedArrays,
): Promise<void> => startedWorker(index).run(program, inputs, outputs);

/**
 * Blocks until the first `count` workers, which all were sent something, have done it.
 * @throws WorkerError for a job that failed, or whose worker has ended by itself
 */
export const waitFor = (count: number): void => {
  for (let index = 0; index < count; index++) {
    const worker = started[index];
    if (worker === undefined)
      throw new WorkerError(`worker ${index} has ended by itself: the next call starts another`);
    worker.wait();
  }
};

/** Ends all workers; they start again when needed. */
export const dismissWorkers = async (): Promise<void> => {
  await Promise.all(started.splice(0).map(async one => one?.terminate()));
};

/** Programs by the hash of their bytes, with how many use them. */
const known = new Map<string, { program: Program; users: number }>();

/** Programs that nobody uses keep their sessions until this many newer ones are unused as well. */
const IDLE_PROGRAMS = 2;

let made = 0;

/**
 * The program of a model; one with the same bytes is found again, with its sessions. Release it after use. What depends
 * on `fixed` inputs alone is computed only when they change.
 */
export const acquireProgram = (model: OnnxModel, fixed: readonly string[] = []): Program => {
  const parts = partsOf(model, fixed);
  const hash = createHash('sha256').update(parts.bytes);
  if (parts.first) hash.update(parts.first.bytes);
  const key = hash.digest('hex');
  const entry = known.get(key) ?? { program: { id: made++, parts, signature: parts.signature }, users: 0 };
  known.set(key, entry);
  entry.users++;
  return entry.program;
};

/** Ends one use of a program; sessions of programs long unused are closed. */
export const releaseProgram = async (program: Program): Promise<void> => {
  const found = [...known].find(([, entry]) => entry.program === program);
  if (!found) return;
  found[1].users--;
  known.delete(found[0]);
  known.set(...found); // unused for the shortest time
  const idle = [...known].filter(([, { users }]) => users === 0);
  for (const [key, entry] of idle.slice(0, Math.max(0, idle.length - IDLE_PROGRAMS))) {
    known.delete(key);
    await Promise.all(started.map(async one => one?.close(entry.program.id)));
  }
};
