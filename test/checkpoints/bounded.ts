import assert from 'node:assert/strict';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose_gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** Seconds of processor time (the clock's depends on what else runs): what is read takes up to half a second. */
const SECONDS = 5;
/** Bytes: what is read takes up to 75 MiB with the garbage of it, on Node 24. */
const BYTES = 2 ** 28;

/** Runs what has to end soon and in little memory, on a slow machine too: bombs are made to take several times as much. */
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
