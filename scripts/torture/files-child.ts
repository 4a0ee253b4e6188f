// A process that reads damaged files one after the other and tells the parent of each; argv: kind, first, count, folder.
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { damaged, type Outcome, outcomeOf } from './damaged';
import { fileKinds } from './file-kinds';

const SLOW = 1000; // milliseconds of processor time
const LARGE = 500; // MiB above what the process had when it began

/** What came of one file. */
export type FileResult = Outcome & { index: number };

const main = async (): Promise<void> => {
  const [kind, firstText, countText, folder] = process.argv.slice(2);
  const { good, read } = (await fileKinds())[kind];
  const [first, count] = [Number(firstText), Number(countText)];
  const own = join(folder, 'files');
  const before = process.resourceUsage().maxRSS;
  process.send!('ready');
  for (let index = first; index < first + count; index++) {
    const bytes = damaged(kind, good, index);
    mkdirSync(own);
    const started = process.cpuUsage();
    let result: Outcome = await outcomeOf(() => read(bytes, own));
    const { user, system } = process.cpuUsage(started); // the clock's time depends on what else runs
    const [ms, mebibytes] = [(user + system) / 1000, (process.resourceUsage().maxRSS - before) / 1024];
    if (ms > SLOW) result = { outcome: 'failed', problem: `took ${Math.round(ms)} ms` };
    if (mebibytes > LARGE) result = { outcome: 'failed', problem: `took ${Math.round(mebibytes)} MiB` };
    rmSync(own, { recursive: true });
    const stray = readdirSync(folder);
    if (stray.length > 0) result = { outcome: 'failed', problem: `wrote ${stray.join(', ')}` };
    process.send!({ index, ...result } satisfies FileResult);
    if (mebibytes > LARGE) break; // the peak stays: the parent goes on in a new process
  }
  process.disconnect();
};

void main();
