// Work that may hold no more memory the longer it goes on, and what it holds at marks on the way.
import { readdirSync, readFileSync } from 'node:fs';
import { memory } from '@tensorflow/tfjs-core';
import { indexRange } from '../../src/datasets';
import type { Run } from '../../src/training';
import { tinyMlp, tinyPoints } from '../../test/tiny';
import { startRun } from '../../test/training/runs';

/** What a process holds. */
export type Held = { done: number; tensors: number; threads: number; files: number; mebibytes: number };

/** What it holds now, garbage left out where the process may collect it (`node --expose-gc`). */
const held = async (done: number): Promise<Held> => {
  for (let i = 0; i < 3; i++) {
    global.gc?.();
    await new Promise(resolve => setTimeout(resolve, 20)); // what is freed on other threads
  }
  const linux = process.platform === 'linux';
  return {
    done,
    tensors: memory().numTensors,
    threads: linux ? Number(/^Threads:\s+(\d+)/m.exec(readFileSync('/proc/self/status', 'utf8'))![1]) : 0,
    files: linux ? readdirSync('/proc/self/fd').length : 0,
    mebibytes: process.memoryUsage.rss() / 2 ** 20,
  };
};

export const ENGINES = ['eager', 'onnx', 'xla'] as const;
export type Engine = (typeof ENGINES)[number];

/** Does a piece of work `n` times in all, with `marks` looks at what is held. */
type Work = (engine: Engine, dir: string, n: number, marks: number) => Promise<Held[]>;

const BATCH = 4;

const begin = (engine: Engine): Run => startRun(tinyMlp(), tinyPoints, { engine, workers: 1, batch: BATCH });

/** Steps of one run, with a checkpoint and samples before each mark. */
const steps: Work = async (engine, dir, n, marks) => {
  const run = begin(engine);
  const seen: Held[] = [];
  for (let mark = 1; mark <= marks; mark++) {
    const images = Math.round((mark * n) / marks) * BATCH;
    await run.train({ images, dir, saveEvery: 50 * BATCH });
    await run.save(dir);
    await run.sample({ seeds: indexRange(16), steps: 4 });
    seen.push(await held(run.step));
  }
  run.dispose();
  return seen;
};

/** Runs one after the other: made, trained for a step, sampled from, disposed. */
const cycles: Work = async (engine, _, n, marks) => {
  const seen: Held[] = [];
  for (let done = 1; done <= n; done++) {
    const run = begin(engine);
    await run.train({ images: BATCH });
    await run.sample({ seeds: [0], steps: 1 });
    run.dispose();
    if (Math.floor((done * marks) / n) > seen.length) seen.push(await held(done));
  }
  return seen;
};

export const WORKS = { steps, cycles } as const;
export type WorkName = keyof typeof WORKS;

/** What is held more at the last mark than at the first, in words; empty where there is nothing. `mebibytes`: what is allowed. */
export const growth = (seen: readonly Held[], mebibytes = Infinity): string[] => {
  const [first, last] = [seen[0], seen.at(-1)!];
  const counts = (['tensors', 'threads', 'files'] as const).filter(key => last[key] > first[key]);
  const more = last.mebibytes - first.mebibytes;
  return [
    ...counts.map(key => `${first[key]} ${key}, then ${last[key]}`),
    ...(more > mebibytes ? [`${more.toFixed(1)} MiB more; ${mebibytes} are allowed`] : []),
  ];
};
