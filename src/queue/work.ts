import { bullmq, connectionTo, QUEUE, shownAddress, workerName } from './connection';
import { CANCELLED, type Job, type JobReport, parseJob } from './job';
import { expectServer } from './server';

/** Why a worker does not take a job: another may. */
export class Refusal extends Error {
  override name = 'Refusal';
}

/** What a worker tells. */
export type WorkerEvent = {
  /** `ready` and `away` are the server's: it takes jobs from it, or waits for it. All others are a job's. */
  what: 'ready' | 'away' | 'began' | 'done' | 'failed' | 'refused' | 'given back' | 'cancelled' | 'lost';
  /** Of the job; empty for the server. */
  id: string;
  /** Of the job, or the server's address without user and password; with `ready` also this worker's name in tables. */
  label: string;
  problem?: string;
};

/** How a worker works. */
export type WorkOptions = {
  /**
   * Computes a job, saving what it has on the way; aborted, it returns undefined, or throws.
   * @throws Refusal for one that cannot be computed here
   */
  perform: (
    job: Job,
    watch: { signal: AbortSignal; onDone: (done: number, what?: string) => void },
  ) => Promise<string | undefined>;
  /** Jobs at a time, default 1. */
  concurrency?: number;
  /** Seconds after which a job is another's whose worker has not been heard of, default 30. */
  patience?: number;
  /** Ends when no job is left, but such as it refused, instead of waiting for the next. */
  untilEmpty?: boolean;
  onEvent?: (event: WorkerEvent) => void;
  /** Aborted, it gives the jobs that it works on back, saved, and ends. */
  signal?: AbortSignal;
};

/** Milliseconds between two reports of a job; with each it is asked whether the job was cancelled. */
const REPORT = 1000;

/** Milliseconds that a refused job is left to others before it is looked at again. */
const REFUSED = 3000;

/** Milliseconds between two looks whether any job is left. */
const LOOK_FOR_END = 1000;

/** Whether an error of a connection says that the server is away, and no more. */
const saysAway = (error: Error): boolean =>
  /^E[A-Z_]+$/.test((error as NodeJS.ErrnoException).code ?? '') || error.message.startsWith('Connection is closed');

/**
 * Takes jobs from a queue until the signal is given. A job whose worker dies, or cannot reach Redis, is taken by another
 * after `patience`; the result of a job that was taken by another meanwhile does not count. A server that is away is
 * waited for.
 * @throws ArgumentError for an address that is none, and for a server that refuses the password or is not trusted
 */
export const work = async (
  address: string,
  { perform, concurrency = 1, patience = 30, untilEmpty = false, onEvent, signal }: WorkOptions,
): Promise<void> => {
  const { DelayedError, Queue, UnrecoverableError, WaitingError, Worker } = bullmq();
  const server = shownAddress(address);
  const self = workerName();
  let away = false;
  const tellAway = (problem: string): void => {
    away = true;
    onEvent?.({ what: 'away', id: '', label: server, problem });
  };
  const tellReady = (): void => {
    away = false;
    onEvent?.({ what: 'ready', id: '', label: `${server} as ${self}` });
  };
  await expectServer(address, { patience: Infinity, signal, onAway: tellAway });
  if (signal?.aborted) return;
  tellReady();
  const connection = connectionTo(address);
  const queue = new Queue<unknown, string>(QUEUE, { connection });
  const refusals = new Map<string, string>(); // why, by job: told once
  const labels = new Map<string, string>(); // of the jobs at work
  const worker = new Worker<unknown, string>(
    QUEUE,
    async (taken, token) => {
      const id = taken.id!;
      const label = String((taken.data as Partial<Job> | null)?.label ?? id).slice(0, 256);
      const tell = (what: WorkerEvent['what'], problem?: string): void => onEvent?.({ what, id, label, problem });
      const stop = new AbortController();
      const stops = signal ? AbortSignal.any([signal, stop.signal]) : stop.signal;
      let report: JobReport = { worker: self };
      let told = JSON.stringify(report);
      /** Tells where it stands, and hears whether it is to go on. */
      const talk = async (): Promise<void> => {
        const now = JSON.stringify(report);
        if (now !== told) await taken.updateProgress(report);
        told = now;
        const { cancelled } = ((await queue.getJob(id))?.data ?? {}) as Partial<Job>;
        if (cancelled) stop.abort();
      };
      const timer = setInterval(() => void talk().catch(() => undefined), REPORT);
      try {
        const job = parseJob(taken.data);
        labels.set(id, label);
        if (!refusals.has(id)) {
          tell('began');
          await taken.updateProgress(report);
        }
        const onDone = (done: number, what?: string): void => void (report = { worker: self, done, what });
        const result = await perform(job, { signal: stops, onDone }).catch((error: unknown) => {
          if (stops.aborted) return undefined;
          throw error;
        });
        if (stop.signal.aborted) {
          tell('cancelled');
          throw new UnrecoverableError(CANCELLED);
        }
        if (result === undefined || signal?.aborted) {
          await taken.moveToWait(token);
          tell('given back');
          throw new WaitingError();
        }
        return result;
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        await taken.updateProgress({ worker: self, problem: error.message, refused: true } satisfies JobReport);
        await taken.moveToDelayed(Date.now() + REFUSED, token);
        if (refusals.get(id) !== error.message) tell('refused', error.message);
        refusals.set(id, error.message);
        throw new DelayedError();
      } finally {
        clearInterval(timer);
        labels.delete(id);
      }
    },
    {
      connection,
      concurrency,
      lockDuration: 1000 * patience,
      stalledInterval: 500 * patience,
      maxStalledCount: 1_000_000,
      autorun: false,
    },
  );
  const labelOf = (job: { data: unknown } | undefined): string =>
    String((job?.data as Partial<Job> | undefined)?.label ?? '').slice(0, 256);
  worker.on('error', () => undefined); // it connects again
  queue.on('error', error => {
    if (away || !saysAway(error)) return;
    tellAway(`does not answer (${error.message})`);
    void queue.getJobCounts('active').then(tellReady, () => undefined); // answered when it is back
  });
  worker.on('completed', job => onEvent?.({ what: 'done', id: job.id!, label: labelOf(job) }));
  worker.on('failed', (job, { message }) => {
    if (message !== CANCELLED) onEvent?.({ what: 'failed', id: job?.id ?? '', label: labelOf(job), problem: message });
  });
  worker.on('lockRenewalFailed', ids => {
    for (const id of ids) onEvent?.({ what: 'lost', id, label: labels.get(id) ?? '' });
  });
  /** Whether there is nothing to do, nor will be when others give up what they have: what was refused here does not count. */
  const isEmpty = async (): Promise<boolean> => {
    const left = await queue.getJobCounts('active', 'waiting', 'prioritized');
    if (Object.values(left).some(count => count > 0)) return false;
    return (await queue.getRanges(['delayed'], 0, -1)).every(id => refusals.has(id));
  };
  let looks: NodeJS.Timeout | undefined;
  const ends = new Promise<void>(resolve => {
    if (signal?.aborted) resolve();
    signal?.addEventListener('abort', () => resolve(), { once: true });
    if (untilEmpty)
      looks = setInterval(() => {
        void isEmpty().then(
          empty => void (empty && resolve()),
          () => undefined,
        );
      }, LOOK_FOR_END);
  });
  void worker.run();
  await ends;
  clearInterval(looks);
  await worker.close();
  await queue.close();
};
