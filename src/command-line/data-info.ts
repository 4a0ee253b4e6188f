import { existsSync, statSync } from 'node:fs';
import { Command, Option } from 'commander';
import { type Dataset, type DatasetSummary, openDataset, type OpenDatasetOptions, summariseDataset } from '../datasets';
import { expectGivenData } from './given-paths';
import { giveResult, type JsonOption, withJson } from './json-output';
import { count } from './options';
import { stoppable } from './stopped';
import { columns, grouped, type Terminal } from './terminal';
import { workingLine } from './working-line';

type InfoOptions = OpenDatasetOptions & JsonOption & { limit?: number };

const report = ({ name, sampleShape, classes, length, provenance }: Dataset, summary: DatasetSummary): string => {
  const numbers = (values: readonly number[]): string => values.map(value => value.toFixed(4)).join(', ');
  const { n, counts, mean, deviation } = summary;
  const all = n === length;
  return columns([
    ['data set', name],
    ['samples', length === Infinity ? 'drawn, endless' : grouped(length)],
    ['shape', `[${sampleShape.join(', ')}]`],
    ['classes', classes === 0 ? 'no labels' : grouped(classes)],
    ...(all ? [] : [['looked at', `${grouped(n)} samples`]]),
    ...(classes > 0 && classes <= 100 ? [['counts', counts.map(grouped).join(', ')]] : []),
    ...(classes > 100
      ? [['counts', `${grouped(Math.min(...counts))} to ${grouped(Math.max(...counts))} a class`]]
      : []),
    ['mean', numbers(mean)],
    ['deviation', numbers(deviation)],
    ...Object.entries(provenance).map(([key, value]) => [key, String(value)]),
  ]);
};

/** `cosim data info PATH`. */
export const dataInfoCommand = (terminal: Terminal): Command =>
  withJson(
    new Command('info')
      .summary('say what a data set holds')
      .description(
        'Opens a data set and reads every sample: number, shape, classes and how many of each, mean and deviation of each ' +
          'channel (bytes as 0 to 1), where it comes from. What is damaged is named.',
      )
      .argument('<data>', 'name (digits, cifar10, mnist, fashion-mnist, ...), zip file or folder')
      .addOption(
        new Option('--split <name>', 'of data that have two parts').choices(['train', 'test']).default('train'),
      )
      .addOption(
        new Option('--labels <mode>', 'classes: of dataset.json if there, required, none; or by sub-folder')
          .choices(['optional', 'required', 'none', 'folders'])
          .default('optional'),
      )
      .option('--rgb', 'of a folder: grey pictures become RGB, alpha is dropped')
      .option('--limit <n>', 'samples to look at (default: all; of drawn data 10,000)', count),
  )
    .addHelpText(
      'after',
      '\nExamples:\n  $ cosim data info cifar10 --split test\n  $ cosim data info ffhq-64x64.zip --json',
    )
    .action(async (data: string, { limit, json, ...options }: InfoOptions) => {
      expectGivenData('<data>', data);
      const dataset = await openDataset(data, options);
      const line = workingLine(terminal);
      try {
        const summary = await stoppable('stopped', signal =>
          summariseDataset(dataset, {
            limit,
            signal,
            onProgress: (done, total) => line.show({ done, total, unit: 'samples' }),
          }),
        );
        line.clear();
        const { name, sampleShape, classes, length } = dataset;
        const isFile = existsSync(data) && statSync(data).isFile();
        const provenance = { ...dataset.provenance, ...(isFile && { bytes: statSync(data).size }) };
        giveResult(terminal, { json }, { name, sampleShape, classes, length, provenance, ...summary }, () =>
          report({ ...dataset, provenance }, summary),
        );
      } finally {
        line.clear();
        await dataset.close?.();
      }
    });
