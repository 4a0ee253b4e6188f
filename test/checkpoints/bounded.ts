import assert from 'node:assert/strict';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose_gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** Seconds of processor time (the clock's depends on what else runs). */
const SECONDS = 5;
/** Bytes: far above what reading takes with the garbage of it, far below what a bomb would build. */
const BYTES = 2 ** 28;

/** Runs what has to end soon and in little memory, also on a slow machine; a bomb that goes off takes ten times as much. */
export const bounded = async <T>(run: () => Promise<T>): Promise<T> => {
  collectGarbage(); // of what ran before
  const started = process.cpuUsage();
  const memory = process.memoryUsage().rss;
  const result = await run();
  const { user, system } = process.cpuUsage(started);
  const grown = process.memoryUsage().rss - memory;
  assert.ok(user + system < SECONDS * 1e6, `took ${(user + system) / 1e6} s of the processor`);
  assert.ok(grown < BYTES, `took ${(grown / 2 ** 20).toFixed(0)} MiB`);
  return result;
};
