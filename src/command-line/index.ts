import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command, CommanderError } from 'commander';
import { CheckpointError } from '../checkpoints';
import { ArgumentError, UnavailableError } from '../compute/check';
import { WorkerError } from '../compute/onnx';
import { DeviceError } from '../compute/xla/pjrt';
import { DatasetError, DownloadError } from '../datasets';
import { NpzError, StatisticsError } from '../metrics';
import { TrainingError } from '../training';
import { completionCommand } from './completion';
import { convertCommand } from './convert';
import { dataCommand } from './data';
import { distillCommand } from './distill';
import { doctorCommand } from './doctor';
import { engineCommand } from './engine';
import { evalCommand } from './eval';
import { exportCommand } from './export';
import { featuresCommand } from './features';
import { inspectCommand } from './inspect';
import { runsCommand } from './runs';
import { sampleCommand } from './sample';
import { workerCommand } from './worker';
import { Stopped, type StopCode } from './stopped';
import { progressLine, shownSafely, type Terminal } from './terminal';
import { expectCommands, inWordsOf, strict, withInner } from './wrong-use';

/** Every command: a new one is one file and one line here. */
const COMMANDS: readonly ((terminal: Terminal) => Command)[] = [
  convertCommand,
  inspectCommand,
  sampleCommand,
  distillCommand,
  runsCommand,
  exportCommand,
  dataCommand,
  featuresCommand,
  evalCommand,
  engineCommand,
  workerCommand,
  doctorCommand,
  completionCommand,
];

const HELP = `
An option that is given twice counts as given last. Options take their value as --steps 4 and as --steps=4; what stands
behind -- is no option. With --json a command's result is one line of JSON on standard output.

Exit codes: 0 done; 1 it could not be done; 2 the command line has to be another; 130, 143, 129 stopped by Ctrl-C, by
kill, by the end of the terminal.`;

/**
 * 0: done; 1: it could not be done; 2: the command line has to be another (an argument is missing, unknown, of another type,
 * names what is not there or must not be replaced); above 128: stopped, 130 by Ctrl-C.
 */
export type ExitCode = 0 | 1 | 2 | StopCode;

const version = (): string => {
  const file = join(__dirname, '..', '..', 'package.json');
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
};

/** The whole program, with all commands in it. */
export const program = (terminal: Terminal): Command => {
  const cosim = new Command('cosim')
    .description('Few-step diffusion distillation: checkpoints in, samples out.')
    .version(version())
    .enablePositionalOptions() // what stands behind `eval stats` is for `stats`, also where `eval` has an option of that name
    .addHelpText('after', HELP);
  for (const make of COMMANDS) cosim.addCommand(make(terminal));
  for (const command of withInner(cosim)) command.configureOutput({ writeOut: terminal.out, writeErr: terminal.err });
  return strict(cosim);
};

/** `cosim help eval compare` as `cosim eval compare --help`. */
const withoutHelp = (args: readonly string[]): readonly string[] =>
  args[0] === 'help' ? [...args.slice(1), '--help'] : args;

/** Errors that say what the user can do about them; any other is a fault of ours and shows where it happened. */
const isExpected = (error: unknown): error is Error =>
  error instanceof CheckpointError ||
  error instanceof DatasetError ||
  error instanceof DownloadError ||
  error instanceof StatisticsError ||
  error instanceof NpzError ||
  error instanceof TrainingError ||
  error instanceof WorkerError ||
  error instanceof DeviceError ||
  error instanceof UnavailableError ||
  (error instanceof Error && /^E[A-Z]+$/.test(String((error as NodeJS.ErrnoException).code)));

/** Runs `cosim` with these arguments, without ending the process. */
export const runCommandLine = async (args: readonly string[], given: Terminal): Promise<ExitCode> => {
  const terminal = shownSafely(given);
  const cosim = program(terminal);
  let command: Command | undefined;
  cosim.hook('preAction', (_, chosen) => void (command = chosen));
  try {
    const words = withoutHelp(args);
    expectCommands(cosim, words);
    await cosim.parseAsync(words, { from: 'user' });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) {
      if (error.code === 'commander.help' && error.exitCode !== 0) return 2; // 'cosim' alone: help went to stderr
      return error.exitCode === 0 ? 0 : 2;
    }
    if (error instanceof Stopped) {
      progressLine(terminal).clear(); // work that is left has not
      terminal.err(`cosim: ${error.message}\n`);
      return error.code;
    }
    if (error instanceof ArgumentError) {
      terminal.err(`cosim: ${inWordsOf(command, error.message)}\n`);
      return 2;
    }
    terminal.err(`cosim: ${isExpected(error) ? error.message : ((error as Error).stack ?? String(error))}\n`);
    return 1;
  }
};
