/*
 * npm run check:gpu [-- --bundle FOLDER] [--features FILE] [STEP...]: the XLA engine on this machine's GPU, or a folder that checks it on
 * another one, which needs neither Node nor network: carry it there and run run.sh in it. Steps are described in run.sh.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { deviceProblem } from '../src/compute/xla/pjrt';
import { makeBundle } from './check-gpu/bundle';
import { root } from './project';

const main = async (): Promise<void> => {
  const { values, positionals } = parseArgs({
    options: { bundle: { type: 'string' }, features: { type: 'string' } },
    allowPositionals: true,
  });
  const folder = values.bundle ?? join(root, 'runs', 'check-gpu');
  const bytes = await makeBundle(folder, values);
  console.log(`${folder}: ${(bytes / 2 ** 20).toFixed(0)} MiB`);
  const problem = await deviceProblem();
  if (values.bundle === undefined && problem === undefined)
    process.exitCode = spawnSync(join(folder, 'run.sh'), positionals, { stdio: 'inherit' }).status ?? 1;
  else console.log(`To check a GPU elsewhere, carry this folder there and run ${join(folder, 'run.sh')}.`);
  if (problem !== undefined) console.log(`Here there is nothing to check: ${problem}.`);
};

void main();
