import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command, CommanderError } from 'commander';
import { CheckpointError } from '../checkpoints';
import { ArgumentError } from '../compute/check';
import { WorkerError } from '../compute/onnx';
import { DeviceError } from '../compute/xla/pjrt';
import { DatasetError, DownloadError } from '../datasets';
import { NpzError, StatisticsError } from '../metrics';
import { TrainingError } from '../training';
import { convertCommand } from './convert';
import { dataCommand } from './data';
import { distillCommand } from './distill';
import { engineCommand } from './engine';
import { evalCommand } from './eval';
import { exportCommand } from './export';
import { featuresCommand } from './features';
import { inspectCommand } from './inspect';
import { runsCommand } from './runs';
import { sampleCommand } from './sample';
import { Stopped, type StopCode } from './stopped';
import type { Terminal } from './terminal';

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
];

/** 0: done; 1: it could not be done; 2: the command line is not understood; above 128: stopped, 130 by Ctrl-C. */
export type ExitCode = 0 | 1 | 2 | StopCode;

const version = (): string => {
  const file = join(__dirname, '..', '..', 'package.json');
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
};

/** A command and all that are inside it. */
const withInner = (command: Command): Command[] => [command, ...command.commands.flatMap(withInner)];

const build = (terminal: Terminal): Command => {
  const program = new Command('cosim')
    .description('Few-step diffusion distillation: checkpoints in, samples out.')
    .version(version())
    .enablePositionalOptions() // what stands behind `eval stats` is for `stats`, also where `eval` has an option of that name
    .showSuggestionAfterError();
  for (const make of COMMANDS) program.addCommand(make(terminal));
  for (const command of withInner(program))
    command.exitOverride().configureOutput({ writeOut: terminal.out, writeErr: terminal.err });
  return program;
};

/** Errors that say what the user can do about them; any other is a fault of ours and shows where it happened. */
const isExpected = (error: unknown): error is Error =>
  error instanceof ArgumentError ||
  error instanceof CheckpointError ||
  error instanceof DatasetError ||
  error instanceof DownloadError ||
  error instanceof StatisticsError ||
  error instanceof NpzError ||
  error instanceof TrainingError ||
  error instanceof WorkerError ||
  error instanceof DeviceError ||
  (error instanceof Error && /^E[A-Z]+$/.test(String((error as NodeJS.ErrnoException).code)));

/** Runs `cosim` with these arguments, without ending the process. */
export const runCommandLine = async (args: readonly string[], terminal: Terminal): Promise<ExitCode> => {
  try {
    await build(terminal).parseAsync(args, { from: 'user' });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) {
      if (error.code === 'commander.help' && error.exitCode !== 0) return 2; // 'cosim' alone: help went to stderr
      return error.exitCode === 0 ? 0 : 2;
    }
    if (error instanceof Stopped) {
      terminal.err(`cosim: ${error.message}\n`);
      return error.code;
    }
    terminal.err(`cosim: ${isExpected(error) ? error.message : ((error as Error).stack ?? String(error))}\n`);
    return 1;
  }
};
