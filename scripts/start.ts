// `npm start`: the tour. The first notebooks at a small size, from nothing to figures in minutes; what it writes is ignored by git.
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { findNotebooks } from './notebook/notebook-file';
import { jobsThatFit, planLines, thisMachine, timeOfAll } from './notebook/plan';
import { choosePreset } from './notebook/preset';
import { runNotebooks } from './notebook/run';
import { stopSignal } from './notebook/stop';
import { recordTime } from './notebook/times';
import { notebooksFolder } from './project';

const TOUR = ['01', '02', '03'];

const main = async (): Promise<boolean> => {
  const { values } = parseArgs({
    options: {
      fresh: { type: 'boolean', default: false }, // run again what is finished
      record: { type: 'boolean', default: false }, // keep the times in notebooks/times.json
    },
  });
  const preset = choosePreset(undefined, 'tour');
  if (preset !== 'tour') throw new Error(`COSIM_PRESET is '${preset}': unset it, or use npm run reproduce.`);
  const paths = findNotebooks(notebooksFolder, TOUR);
  console.log(
    `\nThe tour: ${paths.length} notebooks at a small size, ${timeOfAll(paths, preset)} on ${thisMachine()}.`,
  );
  for (const line of planLines(paths, preset)) console.log(line);
  console.log('Figures go to figures/tour, notebooks with their outputs to notebooks/tour; git ignores both.');
  console.log('Ctrl-C keeps what is there, and the same command goes on.\n');
  const signal = stopSignal(() => console.log('\nStopping after the step under way ...'));
  const write = { folder: join(notebooksFolder, 'tour') };
  const results = await runNotebooks(paths, {
    preset,
    jobs: jobsThatFit(),
    fresh: values.fresh,
    write,
    resume: true,
    signal,
  });
  if (signal.aborted) {
    console.log('Stopped. npm start goes on from here.');
    return false;
  }
  const passed = results.every(({ problems }) => problems.length === 0);
  if (!passed) return false;
  if (values.record) for (const { name, ...time } of results) recordTime(name, preset, time);
  console.log(`
What next:
  figures/tour                the figures
  npm run lab                 the notebooks in Jupyter: change a value, run the cell again
  npm run reproduce           every notebook at the size of RESULTS.md, ${timeOfAll(findNotebooks(notebooksFolder, []), 'laptop')}`);
  return true;
};

main()
  .then(ok => process.exit(ok ? 0 : 1))
  .catch((error: unknown) => {
    console.error((error as Error).message);
    process.exit(1);
  });
