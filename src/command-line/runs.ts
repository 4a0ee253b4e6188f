import { existsSync } from 'node:fs';
import { hostname } from 'node:os';
import { basename, join } from 'node:path';
import { Command } from 'commander';
import { expectWritableFile, expectWritableFolder, makeFolder, writeFileAtomic } from '../checkpoints';
import { ArgumentError, unknownName } from '../compute/check';
import { csvFormat } from 'd3';
import { type ListedRun, listRuns, runDifferences, tensorboardEvents, type UnreadableRun } from '../runs';
import { onOneLine } from '../text';
import { describeRun } from '../training';
import { comparisons, comparisonTable } from './evaluation-report';
import { expectGivenFolder } from './given-paths';
import { giveResult, type JsonOption, withJson } from './json-output';
import { needing } from './needed';
import { withOptions } from './options';
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
  const problems = runs.flatMap(run => (isReadable(run) ? [] : [`${onOneLine(`${run.dir}: ${run.problem}`)}\n`]));
  return [...(readable.length > 0 ? [table] : []), ...problems].join('');
};

/** JSON without the history, which `cosim runs history` writes. */
const asJson = (run: ListedRun | UnreadableRun): unknown =>
  isReadable(run) ? { ...run, history: undefined, last: run.history.at(-1) } : run;

const one = async (name: string, dir: string): Promise<ListedRun> => {
  expectGivenFolder(name, dir);
  const [run] = await listRuns(dir, 0);
  if (run === undefined) throw new ArgumentError(`${name}: ${dir}: no checkpoint of a run in this folder`);
  if (!isReadable(run)) throw new ArgumentError(`${name}: ${run.problem}`);
  return run;
};

const compareCommand = (terminal: Terminal): Command =>
  withJson(
    new Command('compare')
      .summary('what two runs have apart, and which measured better')
      .argument('<a>', 'folder of one run')
      .argument('<b>', 'folder of the other'),
  )
    .addHelpText('after', '\nExample:\n  $ cosim runs compare runs/coef-1 runs/coef-0.5')
    .action(async (a: string, b: string, given: JsonOption) => {
      const [left, right] = [await one('<a>', a), await one('<b>', b)];
      const names = basename(a) === basename(b) ? ([a, b] as const) : ([basename(a), basename(b)] as const);
      const rows = runDifferences(left, right);
      const measured = left.measured.flatMap(mine => {
        const theirs = right.measured.find(({ steps }) => steps === mine.steps);
        if (theirs === undefined) return [];
        const images = [mine.images, theirs.images] as const;
        return [{ steps: mine.steps, images, metrics: comparisons(mine.results, theirs.results, names) }];
      });
      const options = rows.map(([option, ...values]) => ({ option, values }));
      giveResult(terminal, given, { runs: names, options, measured }, () =>
        [
          rows.length === 0 ? 'no option differs\n' : columns([['', ...names], ...rows]),
          ...measured.map(
            ({ steps, images: [before, after], metrics }) =>
              `\n${steps} steps, after ${grouped(before)} and ${grouped(after)} images\n${comparisonTable(metrics, names)}`,
          ),
        ].join(''),
      );
    });

type HistoryOptions = JsonOption & { csv?: string; tensorboard?: string };

const historyCommand = (terminal: Terminal): Command =>
  withOptions(
    new Command('history')
      .summary("a run's losses, step by step, for other programs")
      .argument('<run>', 'folder of the run')
      .option('--csv <file>', 'one row a step: step, images, seconds, losses, gradient norms')
      .option('--tensorboard <folder>', 'an event file that `tensorboard --logdir FOLDER` shows, over images'),
    withJson,
    needing<HistoryOptions>(({ csv, tensorboard }) => ({ 'one of --csv or --tensorboard': csv ?? tensorboard })),
  )
    .addHelpText('after', '\nExample:\n  $ cosim runs history runs/first --csv first.csv --tensorboard logs/first')
    .action(async (dir: string, options: HistoryOptions) => {
      const { csv, tensorboard } = options;
      expectGivenFolder('<run>', dir);
      if (csv !== undefined) await expectWritableFile('--csv', csv);
      if (tensorboard !== undefined) await expectWritableFolder('--tensorboard', tensorboard);
      const { history, savedAt } = await describeRun(dir);
      if (history.length === 0) throw new ArgumentError(`<run>: ${dir}: the run has done no step yet`);
      const files: string[] = [];
      if (csv !== undefined) {
        await writeFileAtomic(csv, `${csvFormat(history)}\n`);
        files.push(csv);
      }
      if (tensorboard !== undefined) {
        const seconds = Math.floor(savedAt.getTime() / 1000);
        const file = join(tensorboard, `events.out.tfevents.${seconds}.${hostname()}`);
        await makeFolder(tensorboard);
        await writeFileAtomic(file, tensorboardEvents(history, savedAt));
        files.push(file);
      }
      const { length: steps } = history;
      giveResult(terminal, options, { dir, steps, files }, () =>
        files.map(file => `${file}: ${grouped(steps)} steps\n`).join(''),
      );
    });

/** A folder, or, where a word is neither that nor a command, what was meant. */
const expectRunsFolder = (dir: string): void => {
  if (!existsSync(dir) && /^[\w-]+$/.test(dir) && dir !== 'runs')
    throw unknownName('runs', 'command, and no folder,', dir, ['compare', 'history']);
  expectGivenFolder('[dir]', dir);
};

/** `cosim runs`, `cosim runs compare` and `cosim runs history`. */
export const runsCommand = (terminal: Terminal): Command =>
  withJson(
    new Command('runs')
      .summary('list the runs under a folder, compare two, write out a history')
      .description(
        'Lists the runs under a folder: method, data, images, whether one trains there now, and the last metrics.',
      )
      .enablePositionalOptions()
      .argument('[dir]', 'where to look, four folders deep', 'runs'),
  )
    .addHelpText('after', '\nExamples:\n  $ cosim runs\n  $ cosim runs experiments --json')
    .action(async (dir: string, options: JsonOption) => {
      expectRunsFolder(dir);
      const runs = await listRuns(dir);
      giveResult(terminal, options, runs.map(asJson), () =>
        runs.length === 0 ? `no runs under ${onOneLine(dir)}\n` : listing(runs),
      );
    })
    .addCommand(compareCommand(terminal))
    .addCommand(historyCommand(terminal));
