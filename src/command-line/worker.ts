import { Command, InvalidArgumentError, Option } from 'commander';
import { expectWritableFolder } from '../checkpoints';
import { type BackendName, BACKENDS, selectBackend } from '../compute/backend';
import { dismissWorkers } from '../compute/onnx';
import { userCache } from '../compute/user-cache';
import { work, type WorkerEvent } from '../queue';
import { jobPerformer } from '../studies';
import { giveResult, type JsonOption, withJson } from './json-output';
import { needing } from './needed';
import { count, withOptions } from './options';
import { stoppable } from './stopped';
import type { Terminal } from './terminal';

type WorkerOptions = JsonOption & {
  queue?: string;
  store: string;
  devices?: string;
  concurrency: number;
  patience: number;
  untilEmpty?: boolean;
  backend?: BackendName;
};

const deviceList = (text: string): string => {
  if (!/^\d{1,3}(,\d{1,3})*$/.test(text))
    throw new InvalidArgumentError(`must be a list of numbers such as 0,1, got '${text}'`);
  return text;
};

const line = ({ what, label, id, problem }: WorkerEvent): string =>
  `${what.padEnd(10)}  ${label === '' ? id : label}${problem === undefined ? '' : `: ${problem}`}\n`;

/** The queue's address; an empty variable names none. */
const queueOf = ({ queue = process.env.COSIM_QUEUE }: Partial<WorkerOptions>): string | undefined =>
  queue === '' ? undefined : queue;

/** `cosim worker`. */
export const workerCommand = (terminal: Terminal): Command =>
  withOptions(
    new Command('worker')
      .summary('take the jobs of a sweep from a queue')
      .description(
        'Takes trainings and measurements from a queue on a Redis server, where a sweep on another machine has put them, ' +
          'and sends the results back. A job of other code, data or teacher is refused and left to others. Ctrl-C and ' +
          'SIGTERM save what it works on and give it back.',
      )
      .option('--queue <address>', 'redis://host:6379 (default: what COSIM_QUEUE names)')
      .addOption(
        new Option(
          '--store <folder>',
          'checkpoints and generators; on a file system that machines share, one goes on where another ended',
        ).default(userCache('worker'), 'worker in the cache'),
      )
      .option('--devices <list>', 'GPUs that it may use, such as 0,1 (default: all)', deviceList)
      .option('--concurrency <n>', 'jobs at a time', count, 1)
      .option(
        '--patience <seconds>',
        "a worker unheard of for so long has lost its job; the same on all of a queue's",
        count,
        30,
      )
      .option('--until-empty', 'end when no job is left')
      .addOption(new Option('--backend <name>', 'of TensorFlow.js (default: the fastest)').choices(BACKENDS)),
    withJson,
    needing<WorkerOptions>(options => ({ '--queue (or COSIM_QUEUE), such as redis://host:6379,': queueOf(options) })),
  )
    .addHelpText(
      'after',
      '\nExamples:\n  $ cosim worker --queue redis://office:6379\n  $ cosim worker --queue rediss://:password@host:6380 --devices 0,1',
    )
    .action(async (options: WorkerOptions) => {
      const { store, devices, concurrency, patience, untilEmpty, backend } = options;
      const queue = queueOf(options)!;
      await expectWritableFolder('--store', store);
      if (devices !== undefined) process.env.CUDA_VISIBLE_DEVICES = devices; // read when the plugin starts
      await selectBackend(backend ? { backend } : {});
      const performer = jobPerformer(store);
      const onEvent = (event: WorkerEvent): void => giveResult(terminal, options, event, () => line(event));
      try {
        await stoppable('stopped; what was begun is saved and given back', async signal => {
          await work(queue, { perform: performer.perform, concurrency, patience, untilEmpty, onEvent, signal });
          signal.throwIfAborted();
        });
      } finally {
        await performer.close();
        await dismissWorkers();
      }
    });
