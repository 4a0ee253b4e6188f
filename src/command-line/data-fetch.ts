import { existsSync } from 'node:fs';
import { Argument, Command } from 'commander';
import { ArgumentError } from '../compute/check';
import { fetchDataset, type FetchedName, PUBLISHED } from '../datasets';
import { giveResult, type JsonOption, withJson } from './json-output';
import { stoppable } from './stopped';
import { type Terminal } from './terminal';
import { workingLine } from './working-line';

/** `cosim data fetch NAME`. */
export const dataFetchCommand = (terminal: Terminal): Command =>
  withJson(
    new Command('fetch')
      .summary('fetch a published data set into the cache')
      .description(
        'Fetches a data set from its publisher into the cache (data/cache of a checkout, ~/.cache/cosim, or the folder COSIM_CACHE names), checks every file by its ' +
          'SHA-256 and unpacks it. Goes on from where it stopped. Afterwards the name stands for the data: --data cifar10.',
      )
      .addArgument(new Argument('<name>', 'data set').choices(Object.keys(PUBLISHED)))
      .option('--from <path>', 'take the file, or a folder with the files, that you downloaded yourself'),
  )
    .addHelpText(
      'after',
      `
Examples:
  $ cosim data fetch cifar10
  $ cosim data fetch cifar10 --from Downloads/cifar-10-binary.tar.gz
  $ cosim data fetch mnist --from Downloads`,
    )
    .action(async (name: FetchedName, options: JsonOption & { from?: string }) => {
      const { from } = options;
      if (from !== undefined && !existsSync(from))
        throw new ArgumentError(`--from: there is no file or folder '${from}'`);
      const { title, licence } = PUBLISHED[name];
      terminal.err(`${title}\nlicence: ${licence}\n`);
      const line = workingLine(terminal);
      try {
        const folder = await stoppable('stopped; the same command goes on from there', signal =>
          fetchDataset(name, {
            from,
            signal,
            onProgress: (file, { received, total }) => line.show({ stage: file, done: received, total, unit: 'MB' }),
          }),
        );
        line.clear();
        giveResult(terminal, options, { name, folder }, () => `${folder}: ${name}, checked\n`);
      } finally {
        line.clear();
      }
    });
