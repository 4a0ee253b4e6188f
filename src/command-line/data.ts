import { Command } from 'commander';
import { dataFetchCommand } from './data-fetch';
import { dataInfoCommand } from './data-info';
import { dataMakeCommand } from './data-make';
import type { Terminal } from './terminal';

/** `cosim data`. */
export const dataCommand = (terminal: Terminal): Command =>
  [dataFetchCommand, dataMakeCommand, dataInfoCommand].reduce(
    (command, make) => command.addCommand(make(terminal)),
    new Command('data')
      .summary('fetch, pack and describe data sets')
      .description('Data sets: fetch, pack, describe.')
      .addHelpText('after', '\nExamples:\n  $ cosim data fetch cifar10\n  $ cosim data info cifar10'),
  );
