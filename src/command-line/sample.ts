import { setImmediate } from 'node:timers/promises';
import { Command, Option } from 'commander';
import { dispose } from '@tensorflow/tfjs-core';
import { expectWritableFile, writeFileAtomic, writeSafetensors } from '../checkpoints';
import { type BackendName, BACKENDS, selectBackend } from '../compute/backend';
import { ArgumentError } from '../compute/check';
import { type EngineName, ENGINES } from '../compute/engine-choice';
import type { Samples } from '../compute/host-arrays';
import { PRECISION_NAMES, type PrecisionName } from '../compute/xla/emitter';
import { imageGrid } from '../figures';
import { loadModel, type ReferenceOptions, TEACHER_NAMES } from '../models';
import type { Model } from '../networks';
import { asArgument, expectGivenModel } from './given-paths';
import { giveResult, type JsonOption, withJson } from './json-output';
import { needing } from './needed';
import { referenceOptions, withNetworkOptions } from './network-options';
import { count, devices, index, seedList, withOptions } from './options';
import { chooseSampler, type SamplerOptions, withSamplerOptions } from './sampler-options';
import { leaveable } from './stopped';
import type { Terminal } from './terminal';
import { workingLine } from './working-line';

type SampleOptions = ReferenceOptions &
  SamplerOptions &
  JsonOption & {
    network: string;
    seeds: number[];
    label?: number;
    batch: number;
    columns?: number;
    scale: number;
    out: string;
    backend?: BackendName;
    engine?: EngineName;
    devices?: number;
    precision?: PrecisionName;
  };

/** The class of each image: the one asked for, or the seed's, so that an image depends on its seed alone. */
const labelsOf = ({ seeds, label }: SampleOptions, classes: number): number[] | undefined => {
  if (classes === 0) {
    if (label !== undefined) throw new ArgumentError('--label: this network is unconditional');
    return undefined;
  }
  if (label !== undefined && label >= classes)
    throw new ArgumentError(`--label must be a whole number from 0 to ${classes - 1}, got ${label}`);
  return seeds.map(seed => label ?? seed % classes);
};

/** Refuses, before any work, an output that the samples cannot go into. */
const checkOutput = (out: string, shape?: readonly number[]): void => {
  if (!/\.(png|safetensors)$/.test(out))
    throw new ArgumentError(`--out must end with .png or .safetensors, got '${out}'`);
  if (!shape || out.endsWith('.safetensors')) return;
  if (shape.length !== 3 || (shape[2] !== 1 && shape[2] !== 3))
    throw new ArgumentError(`samples of shape [${shape.join(', ')}] are no picture; write them to a .safetensors file`);
};

const write = async (samples: Samples, { seeds, out, columns, scale }: SampleOptions): Promise<void> => {
  if (out.endsWith('.safetensors')) {
    const { data, n, shape } = samples;
    const numbers = BigInt64Array.from(seeds, BigInt);
    return writeSafetensors(out, {
      samples: { dtype: 'F32', shape: [n, ...shape], data },
      seeds: { dtype: 'I64', shape: [n], data: numbers },
    });
  }
  const { png } = await imageGrid({ images: samples, columns, scale });
  return writeFileAtomic(out, png);
};

/** Draws and writes; gives what was drawn, with how and how long. */
const sample = async (options: SampleOptions, terminal: Terminal, signal: AbortSignal): Promise<void> => {
  const { network, out, seeds, batch, engine, devices: cards, precision } = options;
  checkOutput(out);
  await expectWritableFile('--out', out);
  await expectGivenModel('--network', network);
  const { name: backend } = await selectBackend(options.backend ? { backend: options.backend } : {});
  const model = await asArgument('--network', () => loadModel(network, referenceOptions(options)));
  const line = workingLine(terminal);
  const started = performance.now();
  let guide: Model | undefined;
  try {
    checkOutput(out, model.denoiser.sampleShape);
    const labels = labelsOf(options, model.denoiser.classes);
    const sampler = await chooseSampler(model, options);
    ({ guide } = sampler);
    const samples = await sampler.draw(
      {
        ...model,
        seeds,
        labels,
        batch,
        signal,
        ...(engine && { engine }),
        ...(cards !== undefined && { devices: cards }),
        ...(precision && { precision }),
        onStep: async ({ step, steps, done, total }) => {
          line.show({ done, total, note: `step ${step} of ${steps}` });
          await setImmediate(); // signals are heard between two steps
        },
      },
      guide,
    );
    await write(samples, options);
    const seconds = (performance.now() - started) / 1000;
    const { n, shape } = samples;
    line.clear();
    giveResult(
      terminal,
      options,
      { file: out, network, n, shape, sampling: sampler.identity, backend, seconds },
      () => `${out}: ${n} samples of [${shape.join(', ')}] in ${seconds.toFixed(1)} s on ${backend}\n`,
    );
  } finally {
    line.clear();
    dispose([model.parameters, guide?.parameters ?? []]);
  }
};

/** `cosim sample`. */
export const sampleCommand = (terminal: Terminal): Command =>
  withOptions(
    new Command('sample')
      .summary('draw samples from a network')
      .description(
        "Draws samples: EDM's Heun sampler for diffusion models, Algorithm 1 of CoSIM in few steps for its generators. " +
          'An image depends on its seed, not on how many are drawn with it.',
      )
      .option('--network <file>', `checkpoint, folder of a run, or a shipped model (${TEACHER_NAMES.join(', ')})`)
      .addOption(
        new Option('--seeds <list>', 'one image a seed: 0-63, or 1,2,5-8')
          .argParser(seedList)
          .default(seedList('0-63'), '0-63'),
      )
      .option('--label <class>', 'class of all images (default: seed modulo the number of classes)', index)
      .option('--batch <n>', 'images computed at a time: memory, never results', count, 64)
      .option('--out <file>', 'PNG with all images, or safetensors with their values', 'samples.png')
      .option('--columns <n>', 'images in a row of the PNG (default: about square)', count)
      .option('--scale <n>', 'PNG pixels per image pixel', count, 2)
      .addOption(new Option('--backend <name>', 'where to compute (default: the best there is)').choices(BACKENDS))
      .addOption(new Option('--engine <name>', 'what computes (default: auto)').choices(ENGINES))
      .option('--devices <n>', "accelerators that share a batch: a number or 'all' (default: 1)", devices)
      .addOption(
        new Option('--precision <name>', 'of products on an accelerator (default: auto)').choices(PRECISION_NAMES),
      ),
    withNetworkOptions,
    withSamplerOptions,
    withJson,
    needing<SampleOptions>(({ network }) => ({ '--network': network })),
  )
    .addHelpText(
      'after',
      `
Examples:
  $ cosim sample --network edm-cifar10-32x32-uncond-vp.pkl --seeds 0-63 --steps 18 --out grid.png
  $ cosim sample --network runs/first --steps 4 --out four-steps.png
  $ cosim sample --network generator.safetensors --times 80,1.4 --label 7 --seeds 0-9
  $ cosim sample --network digits`,
    )
    .action((options: SampleOptions) =>
      leaveable('stopped; nothing was written', [options.out], signal => sample(options, terminal, signal)),
    );
