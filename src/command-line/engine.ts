import { Command } from 'commander';
import { engineCheckCommand } from './engine-check';
import { engineInstallCommand } from './engine-install';
import { engineListCommand } from './engine-list';
import type { Terminal } from './terminal';

/** `cosim engine`. */
export const engineCommand = (terminal: Terminal): Command =>
  [engineInstallCommand, engineListCommand, engineCheckCommand].reduce(
    (command, make) => command.addCommand(make(terminal)),
    new Command('engine')
      .summary('install, list and check what computes on a GPU or TPU')
      .description('The XLA engine: its plugins for GPUs and TPUs.')
      .addHelpText(
        'after',
        '\nExamples:\n  $ cosim engine install cuda13\n  $ cosim engine list\n  $ cosim engine check',
      ),
  );
