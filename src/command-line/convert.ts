import { createHash } from 'node:crypto';
import { createReadStream, existsSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import { Command, Option } from 'commander';
import { dispose } from '@tensorflow/tfjs-core';
import {
  type Fact,
  FLOAT_TYPES,
  type ModelCard,
  readCheckpoint,
  type Widening,
  writeModelCard,
  writeSafetensors,
} from '../checkpoints';
import { selectBackend } from '../compute/backend';
import { ArgumentError } from '../compute/check';
import { loadGenerator, type ReferenceOptions } from '../models';
import { saveModel } from '../networks';
import { referenceOptions, withNetworkOptions } from './network-options';
import { expectReplaceable } from './given-paths';
import { giveResult, type JsonOption, withJson } from './json-output';
import { withOptions } from './options';
import { leaveable } from './stopped';
import { grouped, type Terminal } from './terminal';

type ConvertOptions = ReferenceOptions & JsonOption & { floats: Widening['floats']; card?: string; force?: boolean };

const sha256 = async (path: string): Promise<string> => {
  const hash = createHash('sha256');
  for await (const piece of createReadStream(path)) hash.update(piece as Buffer);
  return hash.digest('hex');
};

const text = (value: unknown): string => JSON.stringify(value) ?? 'null';

/** What was written: in words for the terminal, as rows of the card, and as JSON. */
type Converted = { what: string; title: string; facts: Record<string, Fact>; result: Record<string, unknown> };

/** The averaged generator of a run's newest checkpoint as one file. */
const convertRun = async (dir: string, to: string, options: ConvertOptions): Promise<Converted> => {
  if (Object.keys(referenceOptions(options)).length > 0 || options.floats !== 'stored')
    throw new ArgumentError('a run says itself what it holds: only --card and --force go with its folder');
  await selectBackend({ backend: 'cpu' }); // nothing is computed
  const { parameters, denoiser, sampler, times, images } = await loadGenerator(dir);
  const tensors = Object.keys(parameters).length;
  try {
    await saveModel(
      to,
      { denoiser, parameters },
      {
        sampler,
        times: JSON.stringify(times),
        source: basename(dir),
        images: String(images),
      },
    );
  } finally {
    dispose(parameters);
  }
  return {
    what: `${grouped(tensors)} tensors of the run's averaged generator`,
    title: 'Averaged generator of a training run',
    facts: {
      network: { code: text(denoiser.config) },
      tensors,
      'images trained on': images,
      sampler,
      times: { code: text(times) },
    },
    result: { tensors, network: denoiser.config, images, sampler, times },
  };
};

const convertFile = async (from: string, to: string, options: ConvertOptions): Promise<Converted> => {
  const checkpoint = await readCheckpoint(from, { part: options.part, floats: options.floats });
  const { tensors, part, provenance, className, initKwargs, initArgs } = {
    ...checkpoint,
    ...referenceOptions(options),
  };
  const checksum = await sha256(from);
  const metadata: Record<string, string> = { format: 'pt', source: provenance.file, source_sha256: checksum };
  if (part) metadata.source_part = part;
  if (provenance.format === 'safetensors') Object.assign(metadata, provenance.values);
  else if (provenance.values !== undefined) metadata.source_says = text(provenance.values);
  if (className !== undefined && initKwargs !== undefined)
    Object.assign(metadata, {
      class_name: className,
      init_kwargs: text(initKwargs),
      ...(initArgs && options.initKwargs === undefined && { init_args: text(initArgs) }),
    });
  await writeSafetensors(to, tensors, metadata);
  const count = Object.keys(tensors).length;
  return {
    what: `${grouped(count)} tensors${className === undefined ? '' : ` of ${className}`}`,
    title: `Weights of ${provenance.file}`,
    facts: {
      ...(className !== undefined && { network: className }),
      ...(initKwargs && { arguments: { code: text(initKwargs) } }),
      tensors: count,
      source: { code: provenance.file },
      bytes: grouped(provenance.bytes),
      'SHA-256 of the source': { code: checksum },
    },
    result: {
      tensors: count,
      className,
      initKwargs,
      source: { file: provenance.file, bytes: provenance.bytes, sha256: checksum, part: part || undefined },
    },
  };
};

const cardOf = async ({ title, facts }: Converted, file: string): Promise<ModelCard> => ({
  title,
  summary: 'Written by `cosim convert`. The licence of the weights is that of their source.',
  facts: { ...facts, file: { code: basename(file) }, 'SHA-256 of the file': { code: await sha256(file) } },
});

/** `cosim convert IN OUT`. */
export const convertCommand = (terminal: Terminal): Command =>
  withOptions(
    new Command('convert')
      .summary('make safetensors of a checkpoint')
      .description(
        'Makes a safetensors file of a checkpoint: the network of an EDM or EDM2 snapshot or training state, a PyTorch ' +
          "state dict, or the generator of a training run (a folder). Names and weights stay the reference's; class, " +
          'arguments and source go into the metadata, so that the result can be sampled from.',
      )
      .argument('<in>', 'the checkpoint file, or the folder of a training run')
      .argument('<out>', 'the safetensors file to write')
      .addOption(new Option('--floats <type>', 'element type of floats').choices(FLOAT_TYPES).default('stored'))
      .option('--card <file>', 'also write a model card (Markdown, as the Hugging Face Hub reads it)')
      .option('--force', 'replace <out> if it is there'),
    withNetworkOptions,
    withJson,
  )
    .addHelpText(
      'after',
      `
Examples:
  $ cosim convert edm-cifar10-32x32-uncond-vp.pkl cifar10.safetensors --floats F32 --card README.md
  $ cosim convert training-state-050000.pt optimiser.safetensors --part optimizer_state
  $ cosim convert runs/first generator.safetensors`,
    )
    .action(async (from: string, to: string, options: ConvertOptions) => {
      const { card } = options;
      if (!to.endsWith('.safetensors')) throw new ArgumentError(`<out> must end with .safetensors, got '${to}'`);
      await expectReplaceable('<out>', to, options);
      if (card !== undefined) await expectReplaceable('--card', card, options);
      if (!existsSync(from)) throw new ArgumentError(`<in>: there is no file or folder '${from}'`);
      const convert = statSync(from).isDirectory() ? convertRun : convertFile;
      const places = [to, ...(card === undefined ? [] : [card])];
      const converted = await leaveable('stopped; nothing half-written is left', places, async () => {
        const made = await convert(from, to, options);
        if (card !== undefined) await writeModelCard(card, await cardOf(made, to));
        return made;
      });
      const bytes = statSync(to).size;
      giveResult(
        terminal,
        options,
        { file: to, bytes, card, ...converted.result },
        () => `${to}: ${converted.what}, ${grouped(bytes)} bytes\n`,
      );
    });
