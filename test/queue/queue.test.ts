import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import type { Task } from '../../src/tasks';
import { queuedResults } from '../../src/studies/queued-results';
import { cancelJobs, type Job, JobError, type JobState, Refusal, waitForJobs, work } from '../../src/queue';
import { temporaryFolder } from '../temporary-folder';
import { type RedisServer, startRedis } from './redis-server';

const jobOf = (x: number, more: object = {}): Job => ({
  format: 'cosim job 1',
  evaluation: 'square',
  label: `job ${x}`,
  task: {},
  config: { x, ms: 0, ...more },
  code: '',
  version: '',
});

/** Jobs by an id that no other test has. */
let made = 0;
const jobsOf = (count: number, more: object = {}): Map<string, Job> => {
  const group = ++made;
  return new Map(Array.from({ length: count }, (_, x) => [`${group}-${x}`, jobOf(x, more)]));
};

const numberOf = (id: string): number => Number(id.split('-')[1]);

/** Every result once, as it must be. */
const expectSquares = (results: readonly [string, string][], jobs: ReadonlyMap<string, Job>): void => {
  assert.deepEqual(results.map(([id]) => id).sort(), [...jobs.keys()].sort());
  for (const [id, result] of results) assert.equal(Number(result), numberOf(id) ** 2);
};

const collect = async (
  url: string,
  jobs: ReadonlyMap<string, Job>,
  options: Parameters<typeof waitForJobs>[2] = {},
): Promise<[string, string][]> => {
  const results: [string, string][] = [];
  for await (const result of waitForJobs(url, jobs, options)) results.push(result);
  return results;
};

const place = temporaryFolder();

describe('a queue of jobs on Redis', () => {
  let redis: RedisServer;
  const log = place('log');
  const workers = new Set<ChildProcess>();

  const startWorker = (...args: string[]): ChildProcess => {
    const program = join(__dirname, 'tiny-worker.ts');
    const worker = spawn(process.execPath, ['--import', 'tsx', program, redis.url, log, ...args], { stdio: 'inherit' });
    workers.add(worker);
    return worker;
  };
  const kill = async (worker: ChildProcess): Promise<void> => {
    workers.delete(worker);
    if (worker.exitCode !== null || worker.signalCode !== null) return;
    const gone = once(worker, 'exit');
    worker.kill('SIGKILL');
    await gone;
  };

  before(async () => {
    redis = await startRedis();
  });
  beforeEach(() => {
    writeFileSync(log, '');
  });
  after(async () => {
    for (const worker of workers) await kill(worker);
    await redis.close();
  });

  test('gives every result once, to who waits and to who comes later; nothing is computed twice', async () => {
    const jobs = jobsOf(40, { ms: 20 });
    const [first, second] = [startWorker(), startWorker()];
    expectSquares(await collect(redis.url, jobs), jobs);
    expectSquares(await collect(redis.url, jobs), jobs);
    const computed = readFileSync(log, 'utf8').trim().split('\n');
    assert.equal(computed.length, 40);
    assert.equal(new Set(computed).size, 40);
    await Promise.all([kill(first), kill(second)]);
  });

  test('survives workers that are killed and a Redis that is: every result once', async () => {
    const jobs = jobsOf(60, { ms: 150 });
    const crew = [startWorker(), startWorker(), startWorker()];
    let working = true;
    const faults = (async () => {
      for (let round = 0; working && round < 6; round++) {
        await pause(1000);
        const at = round % crew.length;
        await kill(crew[at]);
        crew[at] = startWorker();
        if (round === 2) await redis.restart(300);
      }
    })();
    const results = await collect(redis.url, jobs);
    working = false;
    await faults;
    expectSquares(results, jobs);
    for (const worker of crew) await kill(worker);
  });

  test('waiting stops at once, and the jobs go on; a later call joins them', async () => {
    const jobs = jobsOf(4, { ms: 300 });
    const control = new AbortController();
    setTimeout(() => control.abort(), 100);
    assert.deepEqual(await collect(redis.url, jobs, { signal: control.signal }), []);
    const worker = startWorker();
    expectSquares(await collect(redis.url, jobs), jobs);
    await kill(worker);
  });

  test('a failure names the job and what went wrong, and asking again tries again', async () => {
    const worker = startWorker();
    const jobs = jobsOf(1, { fails: true });
    for (let i = 0; i < 2; i++)
      await assert.rejects(collect(redis.url, jobs), (error: Error) => {
        assert.ok(error instanceof JobError);
        assert.match(error.message, /^'job 0' failed on .+: it cannot be done$/);
        return true;
      });
    await kill(worker);
  });

  test('a job that a worker refuses is left to another, and says who refused it and why', async () => {
    const jobs = jobsOf(2);
    const seen: JobState[] = [];
    const first = startWorker('refuses');
    const results = collect(redis.url, jobs, { onJobs: states => seen.push(...states) });
    while (!seen.some(({ state }) => state === 'refused')) await pause(50);
    await kill(first);
    const second = startWorker();
    expectSquares(await results, jobs);
    const refused = seen.find(({ state }) => state === 'refused')!;
    assert.equal(refused.problem, 'not here');
    assert.match(refused.worker!, new RegExp(`:${first.pid}$`));
    await kill(second);
  });

  test('cancelled jobs are taken off the queue, or stopped where they are worked on', async () => {
    const jobs = jobsOf(3, { ms: 60_000 });
    const worker = startWorker();
    let running = false;
    const results = collect(redis.url, jobs, {
      onJobs: states => (running ||= states.some(({ state, done = 0 }) => state === 'running' && done > 0)),
    });
    results.catch(() => undefined);
    while (!running) await pause(50);
    assert.deepEqual(await cancelJobs(redis.url, { evaluation: 'another' }), { removed: 0, stopped: 0 });
    assert.deepEqual(await cancelJobs(redis.url), { removed: 2, stopped: 1 });
    await assert.rejects(results, /'job 0' failed on .+: cancelled|'job [12]' is not on the queue any more/);
    while ((await cancelJobs(redis.url)).stopped > 0) await pause(50); // the worker has it still
    await kill(worker);
  });

  test('jobs that are cancelled before any worker came end the wait for them, and can be put on the queue again', async () => {
    const jobs = jobsOf(2);
    let waiting = false;
    const results = collect(redis.url, jobs, { onJobs: () => (waiting = true) });
    results.catch(() => undefined);
    while (!waiting) await pause(20);
    assert.deepEqual(await cancelJobs(redis.url), { removed: 2, stopped: 0 });
    await assert.rejects(results, (error: Error) => {
      assert.ok(error instanceof JobError);
      assert.match(error.message, /'job \d' is not on the queue any more: it was cancelled/);
      return true;
    });
    const worker = startWorker();
    expectSquares(await collect(redis.url, jobs), jobs);
    await kill(worker);
  });

  test('a job that was cancelled is computed for who asks for it before its worker has ended it', async () => {
    const jobs = jobsOf(1);
    const [first, told, asked, control] = Array.from({ length: 4 }, () => new AbortController());
    const heard = (signal: AbortSignal): Promise<unknown> =>
      signal.aborted ? Promise.resolve() : once(signal, 'abort');
    let calls = 0;
    const ended = work(redis.url, {
      signal: control.signal,
      perform: async ({ config }, { signal }) => {
        if (calls++ > 0) return String(Number(config.x) ** 2);
        first.abort();
        await heard(signal);
        told.abort();
        await heard(asked.signal);
        return undefined;
      },
    });
    await collect(redis.url, jobs, { signal: first.signal });
    assert.deepEqual(await cancelJobs(redis.url), { removed: 0, stopped: 1 });
    await heard(told.signal);
    expectSquares(await collect(redis.url, jobs, { onJobs: () => asked.abort() }), jobs);
    assert.equal(calls, 2);
    control.abort();
    await ended;
  });

  test('a worker that is stopped gives its job back, and ends', async () => {
    const jobs = jobsOf(1, { ms: 100 });
    const control = new AbortController();
    const events: string[] = [];
    const ended = work(redis.url, {
      signal: control.signal,
      onEvent: ({ what }) => events.push(what),
      perform: async (_, { signal }) => {
        control.abort();
        await pause(60_000, undefined, { signal });
        return 'never';
      },
    });
    const results = collect(redis.url, jobs);
    await ended;
    assert.deepEqual(events, ['ready', 'began', 'given back']);
    const worker = startWorker();
    expectSquares(await results, jobs);
    await kill(worker);
  });

  test('a worker says when its server goes and comes, and works on', async () => {
    const control = new AbortController();
    const events: string[] = [];
    const ended = work(redis.url, {
      signal: control.signal,
      onEvent: ({ what }) => events.push(what),
      perform: ({ config }) => Promise.resolve(String(Number(config.x) ** 2)),
    });
    while (!events.includes('ready')) await pause(20);
    await redis.restart(500);
    const jobs = jobsOf(2);
    expectSquares(await collect(redis.url, jobs), jobs);
    while (events.length < 7) await pause(20);
    control.abort();
    await ended;
    const ofServer = (what: string): boolean => what === 'ready' || what === 'away';
    assert.deepEqual(events.filter(ofServer), ['ready', 'away', 'ready']);
    assert.deepEqual(
      events.filter(what => !ofServer(what)),
      ['began', 'done', 'began', 'done'], // the first may begin before the worker is told that the server is back
    );
  });

  test('a job that is given back waits, without a machine, as far as it came', async () => {
    const jobs = jobsOf(1);
    const control = new AbortController();
    const seen: JobState[] = [];
    const waiting = new AbortController();
    const results = collect(redis.url, jobs, { onJobs: states => seen.push(...states), signal: waiting.signal });
    const ended = work(redis.url, {
      signal: control.signal,
      perform: async (_, { signal, onDone }) => {
        onDone(7);
        await pause(60_000, undefined, { signal });
        return 'never';
      },
    });
    while (!seen.some(({ done }) => done === 7)) await pause(50);
    control.abort();
    await ended;
    await pause(5000); // longer than what it takes to look at a job that is not heard of
    waiting.abort();
    await results;
    const { label, ...last } = seen.at(-1)!;
    assert.deepEqual(
      [label, last.state, last.worker, last.done, last.problem],
      ['job 0', 'waiting', undefined, 7, undefined],
    );
    const worker = startWorker();
    expectSquares(await collect(redis.url, jobs), jobs);
    await kill(worker);
  });

  test('a worker that is to end when nothing is left does so, at once where there was nothing', async () => {
    const perform = ({ config }: Job): Promise<string> => Promise.resolve(String(Number(config.x) ** 2));
    await work(redis.url, { perform, untilEmpty: true });
    const jobs = jobsOf(3);
    let ended: Promise<void> | undefined;
    const results = collect(redis.url, jobs, {
      onJobs: () => void (ended ??= work(redis.url, { perform, untilEmpty: true })),
    });
    expectSquares(await results, jobs);
    await ended; // else it could take a job of the next test
  });

  test('a configuration that is asked for twice is one job, and both have its result', async () => {
    const task = { name: 'points', recipe: { kind: 'points' } } as Task;
    const evaluation = {
      name: 'square',
      code: require.resolve('../../src/studies/sweep'),
      evaluate: () => Promise.resolve(undefined),
    };
    const configs = [{ x: 3 }, { x: 2 }, { x: 3 }];
    let computed = 0;
    const perform = ({ config }: Job): Promise<string> => {
      computed++;
      return Promise.resolve(JSON.stringify({ result: Number(config.x) ** 2, madeBy: [] }));
    };
    let ended: Promise<void> | undefined;
    const found = new Map<object, unknown>();
    const results = queuedResults<{ x: number }, number>(redis.url, task, evaluation, configs, {
      label: ({ x }) => `job ${x}`,
      onJobs: () => void (ended ??= work(redis.url, { perform, untilEmpty: true })),
    });
    for await (const [config, { result }] of results) found.set(config, result);
    await ended;
    assert.deepEqual(configs.map(config => found.get(config)), [9, 4, 9]); // prettier-ignore
    assert.equal(computed, 2);
  });

  test('it ends too where the last job was at another worker when it found none left', async () => {
    const jobs = jobsOf(1, { ms: 3000 });
    const worker = startWorker();
    let running = false;
    const results = collect(redis.url, jobs, {
      onJobs: states => (running ||= states.some(({ state }) => state === 'running')),
    });
    while (!running) await pause(20);
    await work(redis.url, { perform: () => Promise.reject(new Error('it is taken')), untilEmpty: true });
    expectSquares(await results, jobs);
    await kill(worker);
  });

  test('it ends where only jobs are left that it refused, each of which it told once', async () => {
    const jobs = jobsOf(2);
    const waiting = new AbortController();
    const results = collect(redis.url, jobs, { signal: waiting.signal });
    const control = new AbortController();
    const events: string[] = [];
    let asked = 0;
    const perform = (): Promise<string> => {
      asked++;
      return Promise.reject(new Refusal('not here'));
    };
    const ended = work(redis.url, { perform, signal: control.signal, onEvent: ({ what }) => events.push(what) });
    while (asked < 6) await pause(50); // each three times
    control.abort();
    await ended;
    assert.deepEqual(events, ['ready', 'began', 'refused', 'began', 'refused']);
    await work(redis.url, { perform, untilEmpty: true });
    waiting.abort();
    await results;
    assert.deepEqual(await cancelJobs(redis.url), { removed: 2, stopped: 0 });
  });

  test('what is no job of this format fails by the name of its field, and is not computed', async () => {
    const worker = startWorker();
    for (const [change, problem] of [
      [{ config: 'x' }, /job: config/],
      [{ code: 'rm -rf /'.repeat(100) }, /job: code/],
      [{ script: 'process.exit()' }, /job: .*script/],
      [{ config: { x: 'y'.repeat(70_000) } }, /job: \d+ bytes; at most 65536 are taken/],
    ] as const) {
      const [[id, job]] = [...jobsOf(1)];
      await assert.rejects(collect(redis.url, new Map([[id, { ...job, ...change } as Job]])), problem);
    }
    assert.equal(readFileSync(log, 'utf8'), '');
    await kill(worker);
  });

  test('an address that is none is refused without its password', async () => {
    for (const address of ['http://host', 'host:6379', 'redis://'])
      await assert.rejects(collect(address, jobsOf(1)), /queue: must be an address like redis:\/\/host:6379/);
    await assert.rejects(
      collect('amqp://me:secret@host', jobsOf(1)),
      ({ message }: Error) => !message.includes('secret'),
    );
  });
});
