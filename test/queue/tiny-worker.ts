/* A worker of tiny jobs as a process of its own: `tiny-worker.ts URL LOG`, which adds a line to LOG for every job it computes. */
import { appendFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { Refusal, work } from '../../src/queue';

const [, , url, log, refuses] = process.argv;

/** The square of the job's number, after as many milliseconds as the job says. */
void work(url, {
  patience: 2,
  perform: async ({ config, label }, { signal, onDone }) => {
    if (refuses === 'refuses') throw new Refusal('not here');
    if (config.fails) throw new Error('it cannot be done');
    for (let waited = 0; waited < Number(config.ms); waited += 20) {
      await pause(20, undefined, { signal });
      onDone(waited);
    }
    appendFileSync(log, `${label}\n`);
    return String(Number(config.x) ** 2);
  },
});
