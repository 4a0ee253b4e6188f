import { setTimeout as pause } from 'node:timers/promises';
import type { Job as QueueJob, Queue } from 'bullmq';
import { bullmq, connectionTo, QUEUE } from './connection';
import { CANCELLED, type Job, type JobReport, type JobState } from './job';
import { ASKING_PATIENCE, expectServer } from './server';

/** Thrown when a job failed, with what its worker said. */
export class JobError extends Error {
  override name = 'JobError';
}

/** Jobs that are added, or looked at, with one request. */
const CHUNK = 500;

/** Milliseconds between two looks at jobs whose end was not heard of: Redis was away, or they ended before. */
const LOOK_AGAIN = 2000;

/** Milliseconds between two reports to who waits: of many jobs many change at once. */
const BETWEEN_REPORTS = 100;

/** Seconds that a finished job stays on the queue: who asks for it again meanwhile finds its result. */
const KEPT = 7 * 24 * 3600;

/** What is said of a job that the queue does not have. */
const GONE = 'is not on the queue any more: it was cancelled, or Redis has lost it. The same call adds it again';

/** A change that was heard of: of one job. */
type Change = { id: string; state: JobState['state']; problem?: string } & Partial<JobReport>;

/** What a worker's report says of a job. */
const reportOf = (progress: unknown): JobReport => (typeof progress === 'object' ? (progress as JobReport) : {});

/** How a job stands, as the queue has it. `active`: a worker has it now. */
const changeOf = (job: QueueJob<Job, string>, id: string, active: boolean): Change => {
  if (job.finishedOn !== undefined)
    return job.failedReason ? { id, state: 'failed', problem: job.failedReason } : { id, state: 'done' };
  const { refused, ...report } = reportOf(job.progress);
  if (refused) return { id, state: 'refused', ...report };
  return active ? { id, state: 'running', ...report } : { id, state: 'waiting' };
};

/** A job after a change: what was the matter is past, and who waits has no worker. */
const changed = (known: JobState, { state, ...news }: Change): JobState => ({
  ...known,
  problem: undefined,
  ...(state === 'waiting' && { worker: undefined, what: undefined }),
  ...news,
  state,
});

/** Where a job is that has not ended. */
const UNENDED = ['active', 'waiting', 'delayed', 'prioritized'] as const;

/** Puts a failed job on the queue again, as it is asked for now: what it says may be that it was cancelled. */
const tryAgain = async (failed: QueueJob<Job, string>, data: Job): Promise<void> => {
  await failed.updateData(data);
  await failed.retry().catch(async (error: unknown) => {
    if (await failed.isFailed()) throw error; // else another who waits for it was faster
  });
};

/**
 * Adds jobs; those that are there already stay, and are wanted again where they were cancelled; those that failed before
 * are tried again.
 */
const addAll = async (queue: Queue<Job, string>, jobs: ReadonlyMap<string, Job>): Promise<void> => {
  const all = [...jobs];
  const began = Date.now();
  for (let at = 0; at < all.length; at += CHUNK)
    await queue.addBulk(
      all.slice(at, at + CHUNK).map(([jobId, data]) => ({
        name: data.evaluation,
        data,
        opts: { jobId, removeOnComplete: { age: KEPT }, removeOnFail: { age: KEPT } },
      })),
    );
  for (const job of await queue.getJobs([...UNENDED])) {
    const data = jobs.get(job?.id ?? '');
    if (data !== undefined && job.data.cancelled) await job.updateData(data).catch(() => undefined); // taken off meanwhile
  }
  for (const failed of await queue.getJobs(['failed'])) {
    const data = jobs.get(failed.id ?? '');
    if (data === undefined || ((failed.finishedOn ?? 0) >= began && !failed.data.cancelled)) continue;
    await tryAgain(failed, data);
  }
};

/**
 * Puts jobs on the queue, by id, and gives their results as they come, in any order. Jobs that are there already are
 * joined. Aborted, it ends, and the jobs go on.
 * @throws JobError for one that failed or was taken off the queue; ArgumentError for an address that is none, and for a
 * server that does not answer or refuses the password, before any job is put on the queue
 */
export async function* waitForJobs(
  address: string,
  jobs: ReadonlyMap<string, Job>,
  { signal, onJobs }: { signal?: AbortSignal; onJobs?: (jobs: readonly JobState[]) => void } = {},
): AsyncGenerator<[id: string, result: string], void, undefined> {
  if (jobs.size === 0) return;
  await expectServer(address, { patience: ASKING_PATIENCE, signal });
  if (signal?.aborted) return;
  const connection = connectionTo(address);
  const { Queue: QueueClass, QueueEvents } = bullmq();
  const queue = new QueueClass<Job, string>(QUEUE, { connection });
  const events = new QueueEvents(QUEUE, { connection });
  const states = new Map([...jobs].map(([id, { label }]): [string, JobState] => [id, { id, label, state: 'waiting' }]));
  const open = new Set(jobs.keys());
  const ended: string[] = []; // heard of, not yet read
  let wake = (): void => undefined;
  let telling: NodeJS.Timeout | undefined;
  const tell = (): void => {
    clearTimeout(telling);
    telling = undefined;
    onJobs?.([...states.values()]);
  };
  const tellSoon = (): void => {
    telling ??= setTimeout(tell, BETWEEN_REPORTS);
  };
  const hear = (change: Change): void => {
    const { id, state } = change;
    const known = states.get(id);
    if (known === undefined || known.state === 'done' || known.state === 'failed') return;
    states.set(id, changed(known, change));
    if (state === 'done' || state === 'failed') ended.push(id);
    tellSoon();
    wake();
  };
  queue.on('error', () => undefined); // it connects again
  events.on('error', () => undefined);
  /** A refused job wanders between waiting and being refused again; it is another's when that one reports. */
  const move = (id: string, state: 'running' | 'waiting'): void => {
    if (states.get(id)?.state !== 'refused') hear({ id, state });
  };
  events.on('active', ({ jobId: id }) => move(id, 'running'));
  events.on('waiting', ({ jobId: id }) => move(id, 'waiting'));
  events.on('stalled', ({ jobId: id }) => move(id, 'waiting'));
  events.on('progress', ({ jobId: id, data }) => {
    const { refused, ...report } = reportOf(data);
    hear({ id, state: refused ? 'refused' : 'running', ...report });
  });
  events.on('completed', ({ jobId: id }) => hear({ id, state: 'done' }));
  events.on('failed', ({ jobId: id, failedReason: problem }) => hear({ id, state: 'failed', problem }));

  /** Looks at some of the jobs that are open: round after round at all of them. */
  let next = 0;
  const look = async (): Promise<void> => {
    const ids = [...open];
    const chosen = Array.from({ length: Math.min(CHUNK, ids.length) }, (_, i) => ids[(next + i) % ids.length]);
    next += chosen.length;
    const active = new Set(await queue.getRanges(['active'], 0, -1));
    const jobsNow = await Promise.all(chosen.map(async id => [id, await queue.getJob(id)] as const));
    for (const [id, job] of jobsNow) {
      const change: Change = job ? changeOf(job, id, active.has(id)) : { id, state: 'failed', problem: GONE };
      if (change.state !== states.get(id)?.state) hear(change);
    }
  };

  try {
    await events.waitUntilReady();
    await addAll(queue, jobs);
    tell();
    let looked = 0;
    while (open.size > 0 && !signal?.aborted) {
      const id = ended.shift();
      if (id === undefined) {
        if (Date.now() - looked >= LOOK_AGAIN) {
          await look();
          looked = Date.now();
        }
        if (ended.length > 0) continue;
        const waited = new AbortController();
        wake = () => waited.abort();
        await pause(LOOK_AGAIN, undefined, {
          signal: signal ? AbortSignal.any([signal, waited.signal]) : waited.signal,
        }).catch(() => undefined);
        continue;
      }
      if (!open.has(id)) continue;
      const job = await queue.getJob(id);
      if (job === undefined) throw new JobError(`'${states.get(id)!.label}' ${GONE}`);
      if (job.finishedOn === undefined) {
        states.set(id, changed(states.get(id)!, changeOf(job, id, false))); // another who waits for it tries it again
        continue;
      }
      if (job.failedReason === CANCELLED && !job.data.cancelled) {
        states.set(id, changed(states.get(id)!, { id, state: 'waiting' })); // its worker had heard of it before this call
        await tryAgain(job, jobs.get(id)!);
        continue;
      }
      if (job.failedReason) throw new JobError(`'${states.get(id)!.label}' failed on ${states.get(id)!.worker ?? 'a worker'}: ${job.failedReason}`); // prettier-ignore
      open.delete(id);
      yield [id, job.returnvalue];
    }
  } finally {
    tell();
    await Promise.all([queue.close(), events.close()]);
  }
}

/**
 * Takes all jobs off the queue that nobody works on, and tells workers to stop those that they work on, which are kept as
 * far as they came. `evaluation`: only jobs of that name.
 * @returns how many of each
 * @throws ArgumentError for an address that is none, and for a server that does not answer or refuses the password
 */
export const cancelJobs = async (
  address: string,
  { evaluation }: { evaluation?: string } = {},
): Promise<{ removed: number; stopped: number }> => {
  await expectServer(address, { patience: ASKING_PATIENCE });
  const connection = connectionTo(address);
  const queue = new (bullmq().Queue)<Job, string>(QUEUE, { connection });
  queue.on('error', () => undefined);
  try {
    const isMeant = (job: QueueJob<Job, string> | undefined): job is QueueJob<Job, string> & { id: string } =>
      job?.id !== undefined && (evaluation === undefined || job.name === evaluation);
    const waiting = (await queue.getJobs(['waiting', 'delayed', 'prioritized'])).filter(isMeant);
    await Promise.all(waiting.map(job => job.remove().catch(() => undefined))); // a worker was faster
    const active = (await queue.getJobs(['active'])).filter(isMeant);
    await Promise.all(active.map(job => job.updateData({ ...job.data, cancelled: true })));
    return { removed: waiting.length, stopped: active.length };
  } finally {
    await queue.close();
  }
};
