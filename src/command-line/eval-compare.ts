import { basename } from 'node:path';
import { Command } from 'commander';
import { loadResults } from '../evaluation';
import { comparisons, comparisonTable } from './evaluation-report';
import { expectGivenFile } from './given-paths';
import { giveResult, type JsonOption, withJson } from './json-output';
import type { Terminal } from './terminal';

/** `cosim eval compare A B`. */
export const evalCompareCommand = (terminal: Terminal): Command =>
  withJson(
    new Command('compare')
      .summary('put two results side by side')
      .description(
        'Puts the results of two evaluations side by side, and refuses where they were not taken alike: another n, other ' +
          'features, another reference. One is better where all its blocks are; overlapping blocks decide nothing.',
      )
      .argument('<a>', 'JSON of one evaluation')
      .argument('<b>', 'JSON of the other'),
  )
    .addHelpText('after', '\nExample:\n  $ cosim eval compare two-steps.json four-steps.json')
    .action(async (a: string, b: string, options: JsonOption) => {
      expectGivenFile('<a>', a);
      expectGivenFile('<b>', b);
      const [one, other] = [await loadResults(a), await loadResults(b)];
      const name = (path: string): string => basename(path, '.json');
      const names = name(a) === name(b) ? ([a, b] as const) : ([name(a), name(b)] as const);
      const rows = comparisons(one.results, other.results, names);
      giveResult(terminal, options, rows, () => comparisonTable(rows, names));
    });
