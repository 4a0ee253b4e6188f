/*
 * The code of a worker: holds sessions, copies inputs from shared memory where they are new, runs, copies outputs back.
 * Jobs are done one after the other; a shared counter tells which is done, for those who wait without an event loop.
 */
import { type MessagePort, workerData } from 'node:worker_threads';
import { nativeCall } from '../native-thread';
import { type Parts, Session } from './session';

export type Job =
  | { kind: 'open'; program: number; parts: Parts }
  | { kind: 'run'; program: number; inputs: Record<string, Shared>; outputs: Record<string, Float32Array> }
  | { kind: 'close'; program: number };
export type Shared = { id: number; version: number; data: Float32Array };
/** `number` counts the jobs of this worker from 1; `problem` is absent when all went well. */
export type Answer = { number: number; problem?: string };
export type WorkerData = { port: MessagePort; done: Int32Array };

const { port, done } = workerData as WorkerData;
const sessions = new Map<number, Session>();
const copied = new Map<string, string>(); // program and input to the id and version that its buffer holds

const run = async ({ program, inputs, outputs }: Job & { kind: 'run' }): Promise<void> => {
  const session = sessions.get(program)!;
  for (const [name, { id, version, data }] of Object.entries(inputs)) {
    const [slot, content] = [`${program}/${name}`, `${id}.${version}`];
    if (copied.get(slot) === content) continue;
    session.write(name, data);
    copied.set(slot, content);
  }
  await session.run();
  for (const [name, data] of Object.entries(outputs)) data.set(session.output(name));
};

const perform = async (job: Job): Promise<void> => {
  if (job.kind === 'open') sessions.set(job.program, await Session.create(job.parts));
  else if (job.kind === 'run') await run(job);
  else {
    await sessions.get(job.program)?.dispose();
    sessions.delete(job.program);
    for (const slot of copied.keys()) if (slot.startsWith(`${job.program}/`)) copied.delete(slot);
  }
};

let number = 0;
let last = Promise.resolve();
port.on('message', (job: Job) => {
  last = last.then(async () => {
    const problem = await nativeCall(() => perform(job)).then(
      () => undefined,
      (error: Error) => error.message,
    );
    port.postMessage({ number: ++number, problem } satisfies Answer);
    Atomics.store(done, 0, number);
    Atomics.notify(done, 0);
  });
});
