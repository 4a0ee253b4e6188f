import { Command } from 'commander';
import { doctor, formatReport } from '../notebook';
import { giveResult, type JsonOption, withJson } from './json-output';
import type { Terminal } from './terminal';

/** `cosim doctor`. */
export const doctorCommand = (terminal: Terminal): Command =>
  withJson(
    new Command('doctor')
      .summary('say what this machine has: backend, engine, accelerator, room')
      .description(
        'Says what was found on this machine: Node, which backend computes and why, engine and accelerator, memory and disk, ' +
          'fonts, Jupyter. The first thing to put into a report of a fault.',
      ),
  )
    .addHelpText('after', '\nExamples:\n  $ cosim doctor\n  $ cosim doctor --json')
    .action(async (options: JsonOption) => {
      const report = await doctor();
      giveResult(terminal, options, report, () => `${formatReport(report)}\n`);
    });
