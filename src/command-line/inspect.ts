import { shapeSize } from '../compute/host-arrays';
import { Command } from 'commander';
import { type CheckpointDescription, describeCheckpoint } from '../checkpoints';
import { denoiserOfCheckpoint, modelFile } from '../models';
import { type Denoiser, denoiserFromReference, parameterCount } from '../networks';
import { asArgument } from './given-paths';
import { giveResult, type JsonOption, withJson } from './json-output';
import { columns, grouped, type Terminal } from './terminal';

const json = (value: unknown): string => JSON.stringify(value) ?? 'null';

/** Our words for a network: kind, sample shape, classes, parameters. */
const summary = (denoiser: Denoiser): string => {
  const { config, sampleShape, classes, parameters } = denoiser;
  const labels = classes > 0 ? `${classes} classes` : 'unconditional';
  return `${config.kind}, samples [${sampleShape.join(', ')}], ${labels}, ${grouped(parameterCount(parameters))} parameters`;
};

/** A network, or why it is none of those that are known. */
const understood = (build: () => Denoiser): string => {
  try {
    return summary(build());
  } catch (error) {
    return `not a network that can be run here (${(error as Error).message})`;
  }
};

const networkRows = (description: CheckpointDescription): string[][] => {
  const { parts, ...provenance } = description;
  if (parts.length === 0 && provenance.format !== 'safetensors') return [];
  const own = { part: '', provenance: { parts, ...provenance } };
  if (parts.length === 0) {
    const { format } = (provenance.values ?? {}) as Record<string, unknown>;
    return format === undefined ? [] : [['network', understood(() => denoiserOfCheckpoint('file', own))]];
  }
  return parts.flatMap(({ name, className, initKwargs, initArgs = [] }) => [
    ['network', [name, className].filter(Boolean).join(': ')],
    ['', understood(() => denoiserFromReference(className, initKwargs, initArgs))],
    ...initArgs.map((value, i) => ['', `argument ${i} = ${json(value)}`]),
    ...Object.entries(initKwargs).map(([key, value]) => ['', `${key} = ${shortened(json(value))}`]),
  ]);
};

const LONGEST = 300; // characters; --json has all

const shortened = (text: string): string =>
  text.length > LONGEST ? `${text.slice(0, LONGEST)}... (${grouped(text.length)} characters)` : text;

/** The text of `cosim inspect`. */
const report = (description: CheckpointDescription, listed: boolean): string => {
  const { file, bytes, format, tensors, values, parts } = description;
  const entries = Object.entries(tensors);
  const elements = entries.reduce((sum, [, { shape }]) => sum + shapeSize(shape), 0);
  const rest = Object.entries((values ?? {}) as Record<string, unknown>).filter(
    ([key]) => !parts.some(({ name }) => name === key || (name === '' && /^(class_name|init_kwargs)$/.test(key))),
  );
  const head = columns([
    ['file', `${file}, ${grouped(bytes)} bytes, ${format}`],
    ...networkRows(description),
    ...rest.map(([key, value]) => ['says', `${key} = ${shortened(json(value))}`]),
    ['tensors', `${grouped(entries.length)} with ${grouped(elements)} elements`],
  ]);
  const rows = entries.map(([name, { dtype, shape }]) => ['', name, dtype, `[${shape.join(', ')}]`]);
  return listed ? head + columns(rows) : head;
};

/** `cosim inspect FILE`. */
export const inspectCommand = (terminal: Terminal): Command =>
  withJson(
    new Command('inspect')
      .summary('say what a checkpoint file holds')
      .description(
        'Says what a checkpoint file holds: the network and its arguments, what else the file says, every tensor. ' +
          'Reads EDM and EDM2 snapshots, PyTorch files and safetensors as data; nothing in them is run.',
      )
      .argument('<file>', 'the checkpoint, the folder of a run, or the name of a shipped model')
      .option('--no-tensors', 'leave out the list of tensors'),
  )
    .addHelpText('after', '\nExample:\n  $ cosim inspect edm-cifar10-32x32-uncond-vp.pkl --no-tensors')
    .action(async (file: string, options: JsonOption & { tensors: boolean }) => {
      const description = await describeCheckpoint(await asArgument('<file>', () => modelFile(file)));
      const value = options.tensors ? description : { ...description, tensors: undefined };
      giveResult(terminal, options, value, () => report(description, options.tensors));
    });
