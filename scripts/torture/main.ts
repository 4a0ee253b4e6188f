// npm run torture -- NAME [options]: what is promised about faults, tried many times and counted.
import { tortureCaches } from './caches';
import { tortureDying } from './dying';
import { tortureFiles } from './files';
import { tortureMemory } from './memory';
import { torturePlaces } from './places';
import { tortureQueue } from './queue';

/** Every trial by its name: a new one is one file and one line here. */
const TRIALS: Record<string, (args: string[]) => Promise<boolean>> = {
  caches: tortureCaches,
  dying: tortureDying,
  files: tortureFiles,
  memory: tortureMemory,
  places: torturePlaces,
  queue: tortureQueue,
};

const [name = '', ...args] = process.argv.slice(2);

void (async () => {
  if (!Object.hasOwn(TRIALS, name)) {
    console.error(`npm run torture -- NAME: one of ${Object.keys(TRIALS).join(', ')}`);
    process.exitCode = 2;
    return;
  }
  if (!(await TRIALS[name](args))) process.exitCode = 1;
})();
