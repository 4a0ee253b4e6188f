import { existsSync, statSync } from 'node:fs';
import { hostname } from 'node:os';
import { basename, join } from 'node:path';
import { Command } from 'commander';
import { expectWritableFile, expectWritableFolder, makeFolder, writeFileAtomic } from '../checkpoints';
import { ArgumentError } from '../compute/check';
import { csvFormat } from 'd3';
import { type ListedRun, listRuns, runDifferences, tensorboardEvents, type UnreadableRun } from '../runs';
import { describeRun } from '../training';
import { comparisonTable } from './evaluation-report';
import { columns, grouped, type Terminal } from './terminal';

const isReadable = (run: ListedRun | UnreadableRun): run is ListedRun => !('problem' in run);

const four = (value: number): string => String(Number(value.toPrecision(4)));

/** 'fd 5.18 in 4 steps', of the last images that were measured. */
const measuredText = ({ measured }: ListedRun): string =>
  measured
    .flatMap(({ steps, results }) =>
      results.slice(0, 1).map(({ metric, value }) => `${metric} ${four(value)} in ${steps} steps`),
    )
    .join(', ');

/** The last report's losses. */
const lossesText = ({ history }: ListedRun): string =>
  Object.entries(history.at(-1) ?? {})
    .filter(([name]) => name.endsWith('Loss'))
    .map(([name, value]) => `${name} ${four(value)}`)
    .join(', ');

const rowOf = (run: ListedRun): string[] => [
  run.dir,
  run.method.kind,
  run.dataset,
  grouped(run.images),
  run.heldBy === undefined ? 'stopped' : 'training',
  run.savedAt.toISOString().slice(0, 16).replace('T', ' '),
  measuredText(run) || lossesText(run),
];

const listing = (runs: readonly (ListedRun | UnreadableRun)[]): string => {
  const readable = runs.filter(isReadable);
  const table = columns([['run', 'method', 'data', 'images', 'state', 'saved (UTC)', 'last'], ...readable.map(rowOf)]);
  const problems = runs.flatMap(run => (isReadable(run) ? [] : [`${run.dir}: ${run.problem}\n`]));
  return [...(readable.length > 0 ? [table] : []), ...problems].join('');
};

const expectFolder = (dir: string): void => {
  if (!existsSync(dir)) throw new ArgumentError(`there is no folder '${dir}'`);
  if (!statSync(dir).isDirectory()) throw new ArgumentError(`'${dir}' is a file, not a folder`);
};

/** JSON without the history, which `cosim runs history` writes. */
const asJson = (run: ListedRun | UnreadableRun): unknown =>
  isReadable(run) ? { ...run, history: undefined, last: run.history.at(-1) } : run;

const one = async (dir: string): Promise<ListedRun> => {
  expectFolder(dir);
  const [run] = await listRuns(dir, 0);
  if (run === undefined) throw new ArgumentError(`${dir}: no checkpoint of a run in this folder`);
  if (!isReadable(run)) throw new ArgumentError(run.problem);
  return run;
};

const compareCommand = ({ out }: Terminal): Command =>
  new Command('compare')
    .summary('what two runs have apart, and which measured better')
    .argument('<a>', 'folder of one run')
    .argument('<b>', 'folder of the other')
    .addHelpText('after', '\nExample:\n  $ cosim runs compare runs/coef-1 runs/coef-0.5')
    .action(async (a: string, b: string) => {
      const [left, right] = [await one(a), await one(b)];
      const names = basename(a) === basename(b) ? ([a, b] as const) : ([basename(a), basename(b)] as const);
      const rows = runDifferences(left, right);
      out(rows.length === 0 ? 'no option differs\n' : columns([['', ...names], ...rows]));
      const steps = left.measured.map(({ steps: K }) => K).filter(K => right.measured.some(({ steps }) => steps === K));
      for (const K of steps) {
        const [mine, theirs] = [left, right].map(({ measured }) => measured.find(({ steps: own }) => own === K)!);
        out(`\n${K} steps, after ${grouped(mine.images)} and ${grouped(theirs.images)} images\n`);
        out(comparisonTable(mine.results, theirs.results, names));
      }
    });

const historyCommand = ({ out }: Terminal): Command =>
  new Command('history')
    .summary("a run's losses, step by step, for other programs")
    .argument('<run>', 'folder of the run')
    .option('--csv <file>', 'one row a step: step, images, seconds, losses, gradient norms')
    .option('--tensorboard <folder>', 'an event file that `tensorboard --logdir FOLDER` shows, over images')
    .addHelpText('after', '\nExample:\n  $ cosim runs history runs/first --csv first.csv --tensorboard logs/first')
    .action(async (dir: string, { csv, tensorboard }: { csv?: string; tensorboard?: string }) => {
      if (csv === undefined && tensorboard === undefined)
        throw new ArgumentError('one of --csv and --tensorboard is needed, to say where the history goes');
      expectFolder(dir);
      if (csv !== undefined) await expectWritableFile('--csv', csv);
      if (tensorboard !== undefined) await expectWritableFolder('--tensorboard', tensorboard);
      const { history, savedAt } = await describeRun(dir);
      if (history.length === 0) throw new ArgumentError(`${dir}: the run has done no step yet`);
      if (csv !== undefined) {
        await writeFileAtomic(csv, `${csvFormat(history)}\n`);
        out(`${csv}: ${grouped(history.length)} steps\n`);
      }
      if (tensorboard !== undefined) {
        const seconds = Math.floor(savedAt.getTime() / 1000);
        const file = join(tensorboard, `events.out.tfevents.${seconds}.${hostname()}`);
        await makeFolder(tensorboard);
        await writeFileAtomic(file, tensorboardEvents(history, savedAt));
        out(`${file}: ${grouped(history.length)} steps\n`);
      }
    });

/** `cosim runs`, `cosim runs compare` and `cosim runs history`. */
export const runsCommand = (terminal: Terminal): Command =>
  new Command('runs')
    .summary('list the runs under a folder, compare two, write out a history')
    .description(
      'Lists the runs under a folder: method, data, images, whether one trains there now, and the last metrics.',
    )
    .argument('[dir]', 'where to look, four folders deep', 'runs')
    .option('--json', 'everything as JSON')
    .addHelpText('after', '\nExamples:\n  $ cosim runs\n  $ cosim runs experiments --json')
    .action(async (dir: string, { json }: { json?: boolean }) => {
      expectFolder(dir);
      const runs = await listRuns(dir);
      if (json) return terminal.out(`${JSON.stringify(runs.map(asJson), null, 1)}\n`);
      terminal.out(runs.length === 0 ? `no runs under ${dir}\n` : listing(runs));
    })
    .addCommand(compareCommand(terminal))
    .addCommand(historyCommand(terminal));
