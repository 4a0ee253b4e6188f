import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { after, afterEach, before, describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { runCommandLine } from '../../src/command-line';
import { dismissWorkers } from '../../src/compute/onnx';
import { selectBackend } from '../../src/compute/backend';
import { type Job, type JobState, waitForJobs } from '../../src/queue';
import { ablate, type AblateOptions } from '../../src/studies';
import { pointsTask, type Task } from '../../src/tasks';
import { type RedisServer, startRedis } from '../queue/redis-server';
import { program } from '../program';
import { temporaryFolder } from '../temporary-folder';

const SMALL: AblateOptions = { vary: { R: [1, 2] }, images: 256, n: 50, run: { batch: 32 } };

const place = temporaryFolder();

describe('cosim worker', () => {
  let redis: RedisServer;
  let task: Task;
  const workers: ChildProcess[] = [];

  /** A worker, and what it said so far. */
  const startWorker = (): { process: ChildProcess; said: () => string; ended: Promise<unknown[]> } => {
    const args = ['worker', '--queue', redis.url, '--store', place('store'), '--backend', 'wasm'];
    const worker = spawn(process.execPath, [...program, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
    workers.push(worker);
    let said = '';
    worker.stdout.on('data', data => (said += String(data)));
    return { process: worker, said: () => said, ended: once(worker, 'exit') };
  };
  const onQueue = (folder: string, options: AblateOptions, onJobs?: (jobs: readonly JobState[]) => void) =>
    ablate(task, options, { folder: place(folder), queue: redis.url, onJobs });

  before(async () => {
    await selectBackend({ backend: 'wasm' });
    [redis, task] = await Promise.all([startRedis(), pointsTask()]);
  });
  afterEach(() => {
    for (const worker of workers.splice(0)) worker.kill('SIGKILL');
  });
  after(async () => {
    task.dispose();
    await dismissWorkers();
    await redis.close();
  });

  test('gives the numbers of this process, bit for bit, kept here, with the machine that computed them', async () => {
    const here = await ablate(task, SMALL, { folder: place('here') });
    const worker = startWorker();
    const there = await onQueue('there', SMALL);
    assert.deepEqual(
      there.points.map(({ value, onMode, covered }) => ({ value, onMode, covered })),
      here.points.map(({ value, onMode, covered }) => ({ value, onMode, covered })),
    );
    for (const { madeBy } of there.points) assert.ok(madeBy?.every(({ machine }) => machine.host !== undefined));
    assert.equal(readdirSync(place('there')).filter(name => name.endsWith('.json')).length, 2);
    assert.match(worker.said(), /^ready .+\nbegan +R 1, seed 0\ndone +R 1, seed 0\nbegan +R 2, seed 0\n/);
  });

  test('SIGTERM gives the job back, saved; another goes on from there to the same numbers', async () => {
    const long: AblateOptions = { ...SMALL, vary: { R: [1] }, images: 6400, seeds: [7] };
    const first = startWorker();
    let reached = 0;
    const waiting = onQueue('given', long, jobs => (reached = Math.max(reached, jobs[0].done ?? 0)));
    while (reached === 0) await pause(50);
    first.process.kill('SIGTERM');
    assert.deepEqual(await first.ended, [143, null]);
    assert.match(first.said(), /given back +R 1, seed 7\n$/);
    startWorker();
    const [{ value, madeBy }] = (await waiting).points;
    const [expected] = (await ablate(task, long, { folder: place('whole') })).points;
    assert.equal(value, expected.value);
    assert.ok(madeBy!.length >= 2, 'the beginning and the end of the training are told apart');
  });

  test('a job of other code, another package or other data is refused by name', async () => {
    const kept: Job[] = [];
    const good: Job = {
      format: 'cosim job 1',
      evaluation: 'ablate',
      label: 'a job',
      task: { kind: 'points' },
      config: { identity: { task: 'another' } },
      code: 'other code',
      version: '0.1.0',
    };
    const worker = startWorker();
    for (const [change, problem] of [
      [{ evaluation: 'none' }, /'none' is not known to cosim/],
      [{ version: '9.9.9' }, /it is of cosim 9\.9\.9, this is/],
      [{}, /it is of the code other code, this is [0-9a-f]{16}/],
    ] as const) {
      const job = { ...good, ...change };
      const control = new AbortController();
      let refused: string | undefined;
      const id = `refused ${kept.push(job)}`;
      const onJobs = ([{ state, problem: why }]: readonly JobState[]): void => {
        if (state !== 'refused') return;
        refused = why;
        control.abort();
      };
      for await (const result of waitForJobs(redis.url, new Map([[id, job]]), { signal: control.signal, onJobs })) assert.fail(result[1]); // prettier-ignore
      assert.match(refused!, problem);
    }
    assert.match(worker.said(), /refused +a job: 'none' is not known/);
  });

  test('without a queue, or with an address that is none, it says what to give', async () => {
    for (const [args, problem] of [
      [['worker'], /--queue \(or COSIM_QUEUE\), .* is needed/],
      [['worker', '--queue', 'office'], /--queue must be an address like redis:\/\/host:6379, got 'office'/],
      [['worker', '--queue', redis.url, '--devices', 'a'], /--devices must be a list of numbers such as 0,1, got 'a'/],
    ] as const) {
      let err = '';
      const terminal = { out: () => undefined, err: (text: string) => void (err += text), live: false };
      const store = ['--store', place('unused')];
      assert.notEqual(await runCommandLine([...args, ...store], terminal), 0);
      assert.match(err, problem);
    }
  });
});
