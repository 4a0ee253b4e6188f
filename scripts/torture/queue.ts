// A queue with faults: workers killed, Redis killed, a host cut off; every result once, and what it costs without faults.
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { stringifyNumbers, writeFileAtomic } from '../../src/checkpoints';
import { randomSource } from '../../src/compute/noise';
import { commitHash, thisMachine } from '../../src/provenance';
import { cancelJobs, type Job, waitForJobs } from '../../src/queue';
import { type RedisServer, startRedis } from '../../test/queue/redis-server';
import { saveCounts } from './torture-file';

const PROGRAM = join(__dirname, '..', '..', 'test', 'queue', 'tiny-worker.ts');

/** Hosts of the trial: network namespaces with an address each, on a bridge to this one's. */
const BRIDGE = 'cosimtr0';
const SERVER = '10.213.7.1';

const ip = (...args: string[]): void => void execFileSync('ip', args, { stdio: 'ignore' });
const tried = (...args: string[]): boolean => spawnSync('ip', args, { stdio: 'ignore' }).status === 0;

const removeHosts = (hosts: readonly string[]): void => {
  for (const host of hosts) tried('netns', 'del', host);
  tried('link', 'del', BRIDGE);
};

/** Namespaces that reach this machine at SERVER; none where that is not allowed. */
const makeHosts = (count: number): string[] => {
  const hosts = Array.from({ length: count }, (_, i) => `cosim-host-${i}`);
  removeHosts(hosts);
  if (!tried('link', 'add', BRIDGE, 'type', 'bridge')) return [];
  try {
    ip('addr', 'add', `${SERVER}/24`, 'dev', BRIDGE);
    ip('link', 'set', BRIDGE, 'up');
    hosts.forEach((host, i) => {
      ip('netns', 'add', host);
      ip('link', 'add', `cosimtr-o${i}`, 'type', 'veth', 'peer', 'name', `cosimtr-i${i}`);
      ip('link', 'set', `cosimtr-o${i}`, 'master', BRIDGE, 'up');
      ip('link', 'set', `cosimtr-i${i}`, 'netns', host);
      ip('-n', host, 'addr', 'add', `10.213.7.${10 + i}/24`, 'dev', `cosimtr-i${i}`);
      ip('-n', host, 'link', 'set', `cosimtr-i${i}`, 'up');
      ip('-n', host, 'link', 'set', 'lo', 'up');
    });
    return hosts;
  } catch {
    removeHosts(hosts);
    return [];
  }
};

const jobsOf = (name: string, count: number, ms: number): Map<string, Job> =>
  new Map(
    Array.from({ length: count }, (_, x) => [
      `${name}-${x}`,
      {
        format: 'cosim job 1',
        evaluation: name,
        label: `${name} ${x}`,
        task: {},
        config: { x, ms },
        code: '',
        version: '',
      },
    ]),
  );

type Crew = { start: (host?: string) => ChildProcess; endAll: () => void };

const crewOf = (url: string, log: string): Crew => {
  const all = new Set<ChildProcess>();
  return {
    start: host => {
      const [, , ...address] = url.split(/(?<=\/\/)|(?=:\d+$)/);
      const seen = host === undefined ? url : `redis://${SERVER}${address.at(-1)}`;
      const command = [process.execPath, '--import', 'tsx', PROGRAM, seen, log];
      const [program, ...args] = host === undefined ? command : ['ip', 'netns', 'exec', host, ...command];
      const worker = spawn(program, args, { stdio: 'ignore' });
      all.add(worker);
      worker.on('exit', () => all.delete(worker));
      return worker;
    },
    endAll: () => {
      for (const worker of all) worker.kill('SIGKILL');
    },
  };
};

const collect = async (
  url: string,
  jobs: ReadonlyMap<string, Job>,
): Promise<{ twice: number; lost: number; wrong: number; seconds: number }> => {
  const began = performance.now();
  const results = new Map<string, string>();
  let twice = 0;
  for await (const [id, result] of waitForJobs(url, jobs)) {
    if (results.has(id)) twice++;
    results.set(id, result);
  }
  const wrong = [...results].filter(([id, result]) => Number(result) !== Number(id.split('-').at(-1)) ** 2).length;
  return { twice, lost: jobs.size - results.size, wrong, seconds: (performance.now() - began) / 1000 };
};

const linesOf = async (log: string): Promise<string[]> =>
  (await readFile(log, 'utf8').catch(() => '')).split('\n').filter(line => line !== '');

/** Tiny jobs over four workers while they are killed, Redis is killed, and one host is cut off for ten seconds. */
const withFaults = async (
  redis: RedisServer,
  hosts: readonly string[],
  log: string,
  { count, seed }: { count: number; seed: number },
): Promise<object> => {
  const random = randomSource({ seed, stream: 'torture' });
  const crew = crewOf(redis.url, log);
  const places = [undefined, ...(hosts.length > 0 ? hosts : [undefined, undefined, undefined])];
  const workers = places.map(host => crew.start(host));
  const faults = { 'workers killed': 0, 'Redis killed': 0, 'hosts cut off for 10 s': 0 };
  let working = true;
  const strike = async (): Promise<void> => {
    await pause(4000);
    for (let second = 1; working; second++) {
      const at = random.integer(workers.length);
      workers[at].kill('SIGKILL');
      workers[at] = crew.start(places[at]);
      faults['workers killed']++;
      if (second === 6) {
        await redis.restart(500);
        faults['Redis killed']++;
      }
      if (second === 3 && hosts.length > 0) {
        ip('link', 'set', 'cosimtr-o0', 'down');
        faults['hosts cut off for 10 s']++;
        setTimeout(() => tried('link', 'set', 'cosimtr-o0', 'up'), 10_000);
      }
      await pause(1000);
    }
  };
  const striking = strike();
  const counts = await collect(redis.url, jobsOf('faults', count, 400));
  working = false;
  await striking;
  crew.endAll();
  const computed = await linesOf(log);
  return {
    jobs: count,
    workers: 4,
    hosts: hosts.length + 1,
    faults,
    ...counts,
    'computed again': computed.length - new Set(computed).size,
  };
};

/** Two workers on jobs of 2 s that keep no core busy: what the queue itself costs. */
const throughput = async (redis: RedisServer, log: string): Promise<object> => {
  const crew = crewOf(redis.url, log);
  crew.start();
  crew.start();
  await collect(redis.url, jobsOf('warm', 4, 0)); // both have started
  const { seconds } = await collect(redis.url, jobsOf('throughput', 20, 2000));
  const short = await collect(redis.url, jobsOf('short', 200, 0));
  crew.endAll();
  return {
    workers: 2,
    jobs: 20,
    seconds,
    'of the ideal': 20 / seconds,
    'ms a job of no work': (1000 * short.seconds) / 200,
  };
};

/** So many jobs on the queue: how long it answers, and its memory. */
const crowd = async (redis: RedisServer, log: string, count: number): Promise<object> => {
  const { port } = new URL(redis.url);
  const redisSays = (...args: string[]): string =>
    execFileSync('redis-cli', ['-p', port, ...args], { encoding: 'utf8' });
  const memory = (): number => Number(/used_memory:(\d+)/.exec(redisSays('info', 'memory'))![1]);
  const before = memory();
  const began = performance.now();
  const stop = new AbortController();
  const waiting = waitForJobs(redis.url, jobsOf('crowd', count, 0), { signal: stop.signal }).next();
  const isQueued = (): boolean => Number(redisSays('llen', 'bull:cosim:wait')) === count;
  while (!isQueued()) await pause(20);
  const queued = (performance.now() - began) / 1000;
  const bytes = memory() - before;
  stop.abort();
  await waiting;
  const asked = performance.now();
  const { removed } = await cancelJobs(redis.url, { evaluation: 'crowd' });
  const cancelled = (performance.now() - asked) / 1000;
  const crew = crewOf(redis.url, log);
  crew.start();
  const { seconds } = await collect(redis.url, jobsOf('after', 50, 0));
  crew.endAll();
  return {
    jobs: count,
    'seconds to queue': queued,
    'bytes a job': bytes / count,
    removed,
    'seconds to cancel': cancelled,
    'seconds of 50 jobs afterwards': seconds,
  };
};

export const tortureQueue = async (args: string[]): Promise<boolean> => {
  const { values } = parseArgs({
    args,
    options: {
      n: { type: 'string', default: '200' },
      crowd: { type: 'string', default: '10000' },
      seed: { type: 'string', default: '0' },
      out: { type: 'string' },
    },
  });
  const dir = await mkdtemp(join(tmpdir(), 'cosim-'));
  const hosts = makeHosts(3);
  const redis = await startRedis(hosts.length > 0 ? ['127.0.0.1', SERVER] : undefined);
  try {
    const faults = await withFaults(redis, hosts, join(dir, 'faults'), {
      count: Number(values.n),
      seed: Number(values.seed),
    });
    console.log(faults);
    const speed = await throughput(redis, join(dir, 'speed'));
    console.log(speed);
    const many = await crowd(redis, join(dir, 'crowd'), Number(values.crowd));
    console.log(many);
    const made = { commit: commitHash(), date: new Date().toISOString(), machine: thisMachine() };
    if (values.out)
      await writeFileAtomic(values.out, `${stringifyNumbers({ made, faults, throughput: speed, crowd: many }, 1)}\n`);
    const { lost, twice, wrong } = faults as Record<string, number>;
    const failures = Object.entries({ lost, twice, wrong }).flatMap(([fault, n]) => Array<string>(n).fill(fault));
    const jobs = Number(values.n);
    const counts = { attempted: jobs, held: Math.max(0, jobs - failures.length), failures };
    await saveCounts('queue', args, [counts], () => 'jobs');
    return failures.length === 0;
  } finally {
    await redis.close();
    removeHosts(hosts);
    await rm(dir, { recursive: true });
  }
};
