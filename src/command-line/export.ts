import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { Command } from 'commander';
import { dispose } from '@tensorflow/tfjs-core';
import { expectWritableFile } from '../checkpoints';
import { selectBackend } from '../compute/backend';
import { ArgumentError } from '../compute/check';
import { runtimeProblem } from '../compute/onnx/runtime';
import { SAMPLING_TIMES } from '../diffusion';
import { loadModel, type ReferenceOptions, type SampledModel } from '../models';
import type { Model } from '../networks';
import { checkExport, exportOnnx } from '../samplers';
import { referenceOptions, withNetworkOptions } from './network-options';
import { count, numberList } from './options';
import { grouped, type Terminal } from './terminal';

type ExportCommandOptions = ReferenceOptions & {
  onnx: string;
  steps?: number;
  times?: number[];
  batch?: number;
  force?: boolean;
};

/** Beyond this the file does not compute the network: single precision explains differences of about 1e-6 a call. */
const TOLERANCE = 1e-3;

/** The times of the sampler that is asked for; none for the generator alone. */
const timesOf = (
  { steps, times }: ExportCommandOptions,
  { sampler, times: own = SAMPLING_TIMES }: SampledModel,
): readonly number[] | undefined => {
  if (steps === undefined && times === undefined) return undefined;
  if (sampler === 'ancestral')
    throw new ArgumentError(
      '--steps and --times write Algorithm 1; this generator was trained for the ancestral sampler',
    );
  if (steps === undefined) return times;
  const standard = own[steps] as readonly number[] | undefined;
  if (!standard) throw new ArgumentError(`no standard times for ${steps} steps; pass --times, as 80,16.78,2.24,0.131`);
  return standard;
};

/** How the file was checked, as text; a file that fails is removed. */
const checked = async (path: string, model: Model): Promise<string> => {
  const problem = runtimeProblem();
  if (problem !== undefined) return `not checked: ${problem}`;
  const { difference, samples } = await checkExport(path, model);
  if (difference < TOLERANCE)
    return `differs from the network here by ${difference.toExponential(1)} at most (${samples} samples)`;
  await rm(path);
  throw new Error(`${path} differs from the network here by ${difference}: removed. This is a fault of cosim.`);
};

/** `cosim export RUN --onnx FILE`. */
export const exportCommand = ({ out }: Terminal): Command =>
  withNetworkOptions(
    new Command('export')
      .summary('write a generator, or a whole sampler, as ONNX')
      .description(
        'Writes the generator of a run, or the network of a file, as one ONNX file of standard operators, for any batch ' +
          'size: x and sigma in, the denoised sample out. With --steps or --times the file is the whole sampler: noise in, ' +
          'samples out. What the file says about itself is in its metadata. The file is run in ONNX Runtime and compared.',
      )
      .argument('<run>', 'folder of a run, checkpoint file, or a shipped model')
      .requiredOption('--onnx <file>', 'the file to write')
      .option('--steps <n>', 'write the sampler with the standard times of 1, 2 or 4 steps', count)
      .option('--times <list>', 'write the sampler with these noise levels, decreasing: 80,1.4', numberList)
      .option('--batch <n>', 'samples a call (default: any number)', count),
  )
    .option('--force', 'replace the file if it is there')
    .addHelpText(
      'after',
      `
Examples:
  $ cosim export runs/first --onnx generator.onnx
  $ cosim export runs/first --onnx four-steps.onnx --steps 4
  $ cosim export digits --onnx teacher.onnx --batch 16`,
    )
    .action(async (run: string, options: ExportCommandOptions) => {
      const { onnx: path, batch, force } = options;
      if (!path.endsWith('.onnx')) throw new ArgumentError(`--onnx must end with .onnx, got '${path}'`);
      if (existsSync(path) && force !== true) throw new ArgumentError(`${path} is there already; --force replaces it`);
      if (options.times !== undefined && options.steps !== undefined)
        throw new ArgumentError('--steps and --times exclude each other');
      await expectWritableFile('--onnx', path);
      await selectBackend();
      const model = await loadModel(run, referenceOptions(options));
      try {
        const times = timesOf(options, model);
        const report = await exportOnnx(path, model, { times, batch });
        const inputs = Object.entries(report.inputs).map(([name, shape]) => `${name} [${shape.join(', ')}]`);
        if (report.reason !== undefined) out(`${path}: for ${report.batch} sample only: ${report.reason}\n`);
        const what = times ? `sampler with times ${times.join(', ')}` : 'generator';
        out(`${path}: ${what}, ${inputs.join(', ')}, ${grouped(report.bytes)} bytes\n`);
        out(`${path}: ${await checked(path, model)}\n`);
      } finally {
        dispose(model.parameters);
      }
    });
