// `npm run reproduce [-- 03 05 --preset laptop]`: the notebooks at the size of the stored results, then the pages made of them.
import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import { LONG_STUDIES } from '../src/studies';
import { findNotebooks } from './notebook/notebook-file';
import { jobsThatFit, planLines, thisMachine, timeOfAll } from './notebook/plan';
import { choosePreset } from './notebook/preset';
import { runNotebooks } from './notebook/run';
import { stopSignal } from './notebook/stop';
import { recordTime } from './notebook/times';
import { reproduceArguments } from './study/options';
import { notebooksFolder, runProgram } from './project';

const USAGE = `npm run reproduce [-- NOTEBOOK... --preset laptop|paper]    a NOTEBOOK is the start of its name ('03'); none: all
       npm run reproduce -- cifar10|digits|settings [--for 2h --data FOLDER]     a long study: trained, measured, drawn (npm run study -- --help)

  --preset NAME  the size: laptop (default) writes figures/, notebooks and RESULTS.md, paper figures/paper
  --jobs N       notebooks at once; default: what fits the cores
  --fresh        runs again what is finished, and computes again what other code computed
  --record       keeps how long it took in notebooks/times.json
  --dry-run      only says what it would do`;

/** A long study instead of notebooks: as far as its training comes in the time that is given, then measured and drawn. */
const reproduceStudy = async (args: readonly string[]): Promise<boolean> => {
  const study = (own: readonly string[]): number | null =>
    spawnSync(process.execPath, ['--import', 'tsx', 'scripts/study.ts', ...own], { stdio: 'inherit' }).status;
  const { training, measuring } = reproduceArguments(args);
  const trained = study(training); // it says why it stopped; what is there is measured
  if (study(measuring) !== 0) return false;
  const { code, output } = await runProgram(process.execPath, ['--import', 'tsx', 'scripts/tables.ts']);
  console.log(output.trim());
  return trained === 0 && code === 0;
};

const main = async (): Promise<boolean> => {
  const [, , ...args] = process.argv;
  if (Object.hasOwn(LONG_STUDIES, args[0] ?? '') && !args.includes('--help')) return reproduceStudy(args);
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: {
      preset: { type: 'string' },
      jobs: { type: 'string' },
      fresh: { type: 'boolean', default: false },
      record: { type: 'boolean', default: false },
      'dry-run': { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(USAGE);
    return true;
  }
  const preset = choosePreset(values.preset, 'laptop');
  const jobs = values.jobs === undefined ? jobsThatFit() : Number(values.jobs);
  if (!(Number.isInteger(jobs) && jobs >= 1))
    throw new Error(`--jobs must be a positive whole number, got '${values.jobs}'.`);
  const paths = findNotebooks(notebooksFolder, positionals);
  const count = paths.length === 1 ? '1 notebook' : `${paths.length} notebooks`;
  const atOnce = jobs === 1 ? 'one at a time' : `${jobs} at once`;
  console.log(
    `\n${count} at ${preset}, ${atOnce}, ${timeOfAll(paths, preset)} one after the other, on ${thisMachine()}.`,
  );
  for (const line of planLines(paths, preset)) console.log(line);
  console.log('Ctrl-C keeps what is there, and the same command goes on.\n');
  if (values['dry-run']) return true;
  const signal = stopSignal(() => console.log('\nStopping after the step under way ...'));
  const { fresh } = values;
  const results = await runNotebooks(paths, { preset, jobs, fresh, write: 'in place', resume: true, signal });
  if (signal.aborted) {
    console.log('Stopped. The same command goes on from here.');
    return false;
  }
  if (values.record)
    for (const { name, problems, ...time } of results) if (problems.length === 0) recordTime(name, preset, time);
  if (results.some(({ problems }) => problems.length > 0)) return false;
  const { code, output } = await runProgram(process.execPath, ['--import', 'tsx', 'scripts/tables.ts']);
  console.log(output.trim());
  return code === 0;
};

main()
  .then(ok => process.exit(ok ? 0 : 1))
  .catch((error: unknown) => {
    console.error((error as Error).message);
    process.exit(1);
  });
