/* The real images that `cosim eval` compares with, and the network that looks at them. */
import { join } from 'node:path';
import { type Command, Option } from 'commander';
import { ArgumentError } from '../compute/check';
import { type Dataset, DatasetError, openDataset, resized, type Split } from '../datasets';
import { dataCache } from '../datasets/cache';
import { splits } from '../datasets/dataset';
import { count } from './options';

export type RealOptions = {
  data?: string;
  split: Split;
  resolution?: number;
  features?: string;
  nReference?: number;
  cache: string;
  saveEvery: number;
};

/** Adds the options that say what the real images are and how they are looked at. */
export const withRealOptions = (command: Command): Command =>
  command
    .option('--data <name>', 'real images: the name of a data set, a folder of images, or a file')
    .addOption(new Option('--split <name>', 'the part of them that is the reference').choices(splits).default('train'))
    .option('--resolution <side>', 'make them smaller, to this side: means of pixels', count)
    .option('--features <name>', 'feature network: inception, dinov2, mobilenet, digits, or an .onnx file')
    .option('--n-reference <n>', 'images of the reference (default: all, 10,000 of drawn data)', count)
    .option(
      '--cache <folder>',
      'where finished features stay, so that the same command goes on',
      join(dataCache(), 'eval'),
    )
    .option('--save-every <n>', 'images between two savings: what an interruption loses', count, 500);

/**
 * The value of an option that a command cannot do without; not commander's `requiredOption`, which would ask it of
 * subcommands too.
 * @throws ArgumentError when it was not given
 */
export const required = (value: string | undefined, option: string): string => {
  if (value === undefined) throw new ArgumentError(`${option} is needed`);
  return value;
};

const open = async (data: string, split: Split, resolution?: number): Promise<Dataset> => {
  const dataset = await openDataset(data, { split });
  return resolution === undefined || resolution === dataset.sampleShape[0]
    ? dataset
    : resized(dataset, resolution, 'box');
};

/** The other part of the data; nothing where there is none that holds other images. */
export const openOther = async (
  data: string,
  reference: Dataset,
  { split, resolution }: Pick<RealOptions, 'split' | 'resolution'>,
): Promise<Dataset | undefined> => {
  try {
    const other = await open(data, split === 'train' ? 'test' : 'train', resolution);
    if (other.length === Infinity || other.provenance.sha256 !== reference.provenance.sha256) return other;
    await other.close?.();
    return undefined;
  } catch (error) {
    if (error instanceof DatasetError || error instanceof ArgumentError) return undefined;
    throw error;
  }
};

/** Runs `use` with the reference's data set and, for floors, the other part of the same data. */
export const withRealImages = async <T>(
  options: RealOptions,
  use: (reference: Dataset, other?: Dataset) => Promise<T>,
): Promise<T> => {
  const data = required(options.data, '--data');
  const reference = await open(data, options.split, options.resolution);
  try {
    const other = await openOther(data, reference, options);
    try {
      return await use(reference, other);
    } finally {
      await other?.close?.();
    }
  } finally {
    await reference.close?.();
  }
};
