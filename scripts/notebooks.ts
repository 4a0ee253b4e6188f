// The notebook tools: run, clean, check, and the text form. `node --import tsx scripts/notebooks.ts` prints the usage.
import { existsSync, readFileSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { checkCells } from './notebook/check-cells';
import { cleanNotebook } from './notebook/clean';
import { findNotebooks, formatNotebook, notebookName, readNotebook, replaceFile } from './notebook/notebook-file';
import { fromPercent, toPercent } from './notebook/percent';
import { choosePreset } from './notebook/preset';
import { runNotebooks } from './notebook/run';
import { stopSignal } from './notebook/stop';
import { recordTime } from './notebook/times';
import { notebooksFolder, root } from './project';

const USAGE = `npm run notebooks -- COMMAND [NAME...]     a NAME is a notebook, the start of one ('01'), or a path; none: all

  run [--preset smoke|tour|laptop|paper] [--jobs N] [--write] [--record] [--fresh]
                    executes notebooks in the kernel and judges them; --write keeps the outputs of those that pass,
                    --record how long they took, in notebooks/times.json; --fresh computes again what other code computed
  clean [--check]   brings notebooks into the form in which they are stored; --check only tells which are not
  check             type-checks (project's TypeScript and tslab's) and lints the code cells
  to-ts NAME        prints a notebook as text ("percent" format)
  from-ts FILE      writes notebooks/FILE.ipynb from such a text; cells that did not change keep their outputs`;

type RunFlags = { preset?: string; jobs: number; write: boolean; record: boolean; fresh: boolean };

const run = async (paths: string[], { preset: flag, jobs, write, record, fresh }: RunFlags): Promise<boolean> => {
  const preset = choosePreset(flag, 'smoke');
  if (!(Number.isInteger(jobs) && jobs >= 1)) throw new Error('--jobs must be a positive whole number.');
  const signal = stopSignal(() => console.log('\nStopping after the step under way ...'));
  const results = await runNotebooks(paths, { preset, jobs, write: write ? 'in place' : undefined, fresh, signal });
  if (record)
    for (const { name, problems, ...time } of results) if (problems.length === 0) recordTime(name, preset, time);
  return results.every(({ problems }) => problems.length === 0);
};

const clean = (paths: string[], checkOnly: boolean): boolean => {
  const changed = paths.filter(
    path => readFileSync(path, 'utf8') !== formatNotebook(cleanNotebook(readNotebook(path))),
  );
  for (const path of changed) {
    console.log(`${relative(root, path)}: ${checkOnly ? 'not clean (npm run nb:clean)' : 'cleaned'}`);
    if (!checkOnly) replaceFile(path, formatNotebook(cleanNotebook(readNotebook(path))));
  }
  return !checkOnly || changed.length === 0;
};

const check = async (paths: string[]): Promise<boolean> => {
  const problems = await checkCells(paths);
  for (const { notebook, cell, line, message, from } of problems)
    console.log(`${notebook}:${cell}:${line}: ${message} (${from})`);
  return problems.length === 0;
};

const fromText = (file: string): void => {
  const target = join(notebooksFolder, `${basename(file, '.ts')}.ipynb`);
  const previous = existsSync(target) ? readNotebook(target) : undefined;
  replaceFile(target, formatNotebook(fromPercent(readFileSync(file, 'utf8'), previous)));
  console.log(`wrote notebooks/${notebookName(target)}.ipynb`);
};

const main = async (): Promise<boolean> => {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: {
      preset: { type: 'string' },
      jobs: { type: 'string', default: '2' },
      write: { type: 'boolean', default: false },
      record: { type: 'boolean', default: false },
      fresh: { type: 'boolean', default: false },
      check: { type: 'boolean', default: false },
    },
  });
  const [command, ...names] = positionals;
  const paths = (): string[] => findNotebooks(notebooksFolder, names);
  switch (command) {
    case 'run':
      return run(paths(), { ...values, jobs: Number(values.jobs) });
    case 'clean':
      return clean(paths(), values.check);
    case 'check':
      return check(paths());
    case 'to-ts':
      for (const path of paths()) process.stdout.write(toPercent(readNotebook(path)));
      return true;
    case 'from-ts':
      names.forEach(fromText);
      return true;
    default:
      console.log(USAGE);
      return command === undefined;
  }
};

main()
  .then(ok => (process.exitCode = ok ? 0 : 1))
  .catch((error: unknown) => {
    console.error((error as Error).message);
    process.exitCode = 1;
  });
