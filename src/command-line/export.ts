import { rm } from 'node:fs/promises';
import { Command } from 'commander';
import { dispose } from '@tensorflow/tfjs-core';
import { expectWritableFolder } from '../checkpoints';
import { selectBackend } from '../compute/backend';
import { ArgumentError } from '../compute/check';
import { runtimeProblem } from '../compute/onnx/runtime';
import { SAMPLING_TIMES } from '../diffusion';
import { loadModel, type ReferenceOptions, type SampledModel } from '../models';
import type { Model } from '../networks';
import { checkExport, exportOnnx } from '../samplers';
import { expectHubFolder, expectHubNames, hubFiles, type HubOptions, writeHubFolder } from './export-hub';
import { asArgument, expectGivenModel, expectReplaceable } from './given-paths';
import { giveResult, type JsonOption, withJson } from './json-output';
import { needing } from './needed';
import { referenceOptions, withNetworkOptions } from './network-options';
import { count, numberList, withOptions } from './options';
import { leaveable } from './stopped';
import { grouped, type Terminal } from './terminal';

type ExportCommandOptions = ReferenceOptions &
  HubOptions &
  JsonOption & {
    onnx?: string;
    hub?: string;
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
  if (sampler !== 'multistep' && sampler !== 'heun')
    throw new ArgumentError(
      `--steps and --times write Algorithm 1; this generator was trained for the ${sampler} sampler`,
    );
  if (steps === undefined) return times;
  const standard = own[steps] as readonly number[] | undefined;
  if (!standard) throw new ArgumentError(`no standard times for ${steps} steps; pass --times, as 80,16.78,2.24,0.131`);
  return standard;
};

/** How a file was checked: the largest difference from the network here, or why it could not be run. */
type Checked = { difference: number; samples: number } | { problem: string };

/** Checks a file; one that fails is removed. */
const checked = async (path: string, model: Model): Promise<Checked> => {
  const problem = runtimeProblem();
  if (problem !== undefined) return { problem };
  const check = await checkExport(path, model);
  const { difference } = check;
  if (difference < TOLERANCE) return check;
  await rm(path);
  throw new Error(`${path} differs from the network here by ${difference}: removed. This is a fault of cosim.`);
};

const checkText = (check: Checked): string =>
  'problem' in check
    ? `not checked: ${check.problem}`
    : `differs from the network here by ${check.difference.toExponential(1)} at most (${check.samples} samples)`;

const csv = (text: string): string[] => text.split(',').map(part => part.trim());

/** Refuses, before anything is opened, what contradicts itself or cannot be written. */
const check = async ({ onnx, hub, force, steps, times, batch, ...card }: ExportCommandOptions): Promise<void> => {
  if (times !== undefined && steps !== undefined) throw new ArgumentError('--steps and --times exclude each other');
  if (onnx === undefined && (steps ?? times ?? batch) !== undefined)
    throw new ArgumentError('--steps, --times and --batch go with --onnx');
  if (hub === undefined && (card.license ?? card.baseModel ?? card.tags) !== undefined)
    throw new ArgumentError('--license, --base-model and --tags go with --hub');
  expectHubNames(card);
  if (onnx !== undefined) {
    if (!onnx.endsWith('.onnx')) throw new ArgumentError(`--onnx must end with .onnx, got '${onnx}'`);
    await expectReplaceable('--onnx', onnx, { force });
  }
  if (hub !== undefined) {
    expectHubFolder(hub, force === true);
    await expectWritableFolder('--hub', hub);
  }
};

/** What was written: for JSON, and as text. */
type Exported = { value: Record<string, unknown>; text: string };

/** Writes and checks the ONNX file. */
const writeOnnx = async (path: string, options: ExportCommandOptions, model: SampledModel): Promise<Exported> => {
  const times = timesOf(options, model);
  const report = await exportOnnx(path, model, { times, batch: options.batch });
  const check = await checked(path, model);
  const inputs = Object.entries(report.inputs).map(([name, shape]) => `${name} [${shape.join(', ')}]`);
  const what = times ? `sampler with times ${times.join(', ')}` : 'generator';
  const lines = [
    ...(report.reason === undefined ? [] : [`for ${report.batch} sample only: ${report.reason}`]),
    `${what}, ${inputs.join(', ')}, ${grouped(report.bytes)} bytes`,
    checkText(check),
  ];
  return { value: { onnx: { ...report, times, check } }, text: lines.map(line => `${path}: ${line}\n`).join('') };
};

/** Writes the folder for the Hub. */
const writeHub = async (
  folder: string,
  source: string,
  options: ExportCommandOptions,
  model: SampledModel,
): Promise<Exported> => {
  const files = await writeHubFolder(folder, source, model, options);
  const unlicensed = 'the card names no licence: --license says whose weights may be used how\n';
  return {
    value: { hub: { folder, files } },
    text: `${folder}: ${files.join(', ')}\n${options.license === undefined ? unlicensed : ''}`,
  };
};

/** Writes all that is asked for, one after the other. */
const write = async (source: string, options: ExportCommandOptions, terminal: Terminal): Promise<void> => {
  const { onnx, hub } = options;
  await check(options);
  await expectGivenModel('<run>', source);
  await selectBackend();
  const model = await asArgument('<run>', () => loadModel(source, referenceOptions(options)));
  try {
    const written = [
      ...(onnx === undefined ? [] : [await writeOnnx(onnx, options, model)]),
      ...(hub === undefined ? [] : [await writeHub(hub, source, options, model)]),
    ];
    const value: unknown = Object.assign({}, ...written.map(one => one.value));
    giveResult(terminal, options, value, () => written.map(({ text }) => text).join(''));
  } finally {
    dispose(model.parameters);
  }
};

/** `cosim export RUN --onnx FILE` and `cosim export RUN --hub FOLDER`. */
export const exportCommand = (terminal: Terminal): Command =>
  withOptions(
    new Command('export')
      .summary('write a generator, or a whole sampler, as ONNX, or a folder for the Hugging Face Hub')
      .description(
        'Writes the generator of a run, or the network of a file, as one ONNX file of standard operators, for any batch ' +
          'size: x and sigma in, the denoised sample out. With --steps or --times the file is the whole sampler: noise in, ' +
          'samples out. What the file says about itself is in its metadata. The file is run in ONNX Runtime and compared. --hub writes ' +
          'a folder ready to upload: weights, config.json and a model card.',
      )
      .argument('<run>', 'folder of a run, checkpoint file, or a shipped model')
      .option('--onnx <file>', 'the ONNX file to write')
      .option('--hub <folder>', 'the folder to write for the Hugging Face Hub')
      .option('--license <id>', "of the weights, by the Hub's identifier: mit, cc-by-nc-sa-4.0")
      .option('--base-model <name>', 'what the model was distilled from, as on the Hub: owner/name')
      .option('--tags <list>', 'further tags of the card', csv)
      .option('--steps <n>', 'write the sampler with the standard times of 1, 2 or 4 steps', count)
      .option('--times <list>', 'write the sampler with these noise levels, decreasing: 80,1.4', numberList)
      .option('--batch <n>', 'samples a call (default: any number)', count)
      .option('--force', 'replace files that are there'),
    withNetworkOptions,
    withJson,
    needing<ExportCommandOptions>(({ onnx, hub }) => ({ 'one of --onnx or --hub': onnx ?? hub })),
  )
    .addHelpText(
      'after',
      `
Examples:
  $ cosim export runs/first --onnx generator.onnx
  $ cosim export runs/first --onnx four-steps.onnx --steps 4
  $ cosim export digits --onnx teacher.onnx --batch 16
  $ cosim export runs/first --hub upload --license mit --base-model me/digits-teacher`,
    )
    .action((run: string, options: ExportCommandOptions) => {
      const { onnx, hub } = options;
      const places = [...(onnx === undefined ? [] : [onnx]), ...(hub === undefined ? [] : hubFiles(hub))];
      return leaveable('stopped; nothing half-written is left', places, () => write(run, options, terminal));
    });
