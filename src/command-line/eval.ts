import { Command, Option } from 'commander';
import { expectWritableFile, expectWritableFolder } from '../checkpoints';
import { type BackendName, BACKENDS, selectBackend } from '../compute/backend';
import { ArgumentError } from '../compute/check';
import { ENGINES, type EngineName } from '../compute/engine-choice';
import { evaluate, type EvaluateOptions, type ImageSource, pngWriter, loadFeatures, saveResults } from '../evaluation';
import { loadStatistics, type MetricResult, setMetricNames } from '../metrics';
import { type ReferenceOptions, TEACHER_NAMES } from '../models';
import { evalCompareCommand } from './eval-compare';
import { evalStatsCommand } from './eval-stats';
import { resultTable } from './evaluation-report';
import { withNetworkImages, withStoredImages } from './measured-images';
import { metricList } from './metric-list';
import { withNetworkOptions } from './network-options';
import { asArgument, expectGivenFile, expectGivenModel } from './given-paths';
import { giveResult, type JsonOption, withJson } from './json-output';
import { needing } from './needed';
import { count, flagOf, index, withOptions } from './options';
import { type RealOptions, withRealImages, withRealOptions } from './real-images';
import { type SamplerOptions, withSamplerOptions } from './sampler-options';
import { stoppable } from './stopped';
import type { Terminal } from './terminal';
import { workingLine } from './working-line';

type EvalOptions = ReferenceOptions &
  SamplerOptions &
  RealOptions &
  JsonOption & {
    network?: string;
    images?: string;
    features: string;
    metrics: string[];
    reference?: string;
    n?: number;
    blocks?: number;
    seed: number;
    batch?: number;
    out?: string;
    keep?: string;
    backend?: BackendName;
    engine?: EngineName;
  };

/** Images of a block that a network draws, and its blocks, unless told otherwise. */
const NETWORK_BLOCK = 2000;
const NETWORK_BLOCKS = 3;

const DRAWN_AT_A_TIME = 64;

/** What only images that --network draws depend on, and what only those of --data do. */
const OF_NETWORK = [
  'steps',
  'times',
  'guide',
  'guidance',
  'part',
  'className',
  'initKwargs',
  'engine',
  'batch',
] as const;
const OF_DATA = ['split', 'resolution'] as const;

/** EDM2's names of the statistics in its .pkl files, by feature network. */
const EDM2_PARTS: Readonly<Record<string, string>> = { inception: 'fid', dinov2: 'fd_dinov2' };

/** Refuses, before anything is opened, what is missing or contradicts itself. */
const check = async (options: EvalOptions): Promise<void> => {
  const { out, keep, cache, network, images, data, reference, nReference } = options;
  if (out !== undefined && !out.endsWith('.json')) throw new ArgumentError(`--out must end with .json, got '${out}'`);
  if (network !== undefined && images !== undefined)
    throw new ArgumentError('either --network or --images says what is measured, not both');
  const given = OF_NETWORK.find(name => options[name] !== undefined);
  const ofNetwork = given ?? (options.churn > 0 ? 'churn' : undefined);
  if (images !== undefined && ofNetwork !== undefined)
    throw new ArgumentError(`${flagOf(ofNetwork)} says how --network draws; --images are drawn already`);
  if (reference !== undefined && nReference !== undefined)
    throw new ArgumentError('--n-reference: the statistics of --reference are as they are');
  const ofData = OF_DATA.find(name => options[name] !== undefined);
  if (reference !== undefined && data === undefined && ofData !== undefined)
    throw new ArgumentError(`${flagOf(ofData)} says how --data is looked at, which is not given`);
  if (out !== undefined) await expectWritableFile('--out', out);
  if (keep !== undefined) await expectWritableFolder('--keep', keep);
  await expectWritableFolder('--cache', cache);
  if (network !== undefined) await expectGivenModel('--network', network);
  if (reference !== undefined) expectGivenFile('--reference', reference);
};

/** Runs `use` with what is measured, the number of blocks and of images of each. */
const withMeasuredImages = <T>(
  options: EvalOptions,
  use: (images: ImageSource, n: number, blocks: number) => Promise<T>,
): Promise<T> => {
  const { network, images: path, seed } = options;
  if (network !== undefined) {
    const { n = NETWORK_BLOCK, blocks = NETWORK_BLOCKS, batch = DRAWN_AT_A_TIME } = options;
    return withNetworkImages({ ...options, network, batch }, n * blocks, images => use(images, n, blocks));
  }
  return withStoredImages(path!, images => {
    const { blocks = 1, n = Math.floor((images.length - seed) / blocks) } = options;
    if (n === Infinity) throw new ArgumentError(`--n is needed: there is no end of '${path}'`);
    if (n < 2)
      throw new ArgumentError(
        `'${path}' has ${images.length} images: too few for ${blocks} ${blocks > 1 ? 'blocks' : 'block'} of at least 2 from place ${seed} on; ` +
          `give it more images${blocks > 1 ? ', or ask for fewer --blocks' : ''}`,
      );
    return use(images, n, blocks);
  });
};

/** Runs `use` with the reference: a data set and its other part, or statistics and a data set for floors. */
const withReference = async <T>(
  options: EvalOptions,
  use: (reference: Pick<EvaluateOptions, 'reference' | 'real' | 'nReference'>) => Promise<T>,
): Promise<T> => {
  const { reference: path, nReference, features, data = '' } = options;
  if (path === undefined)
    return withRealImages({ ...options, data }, (reference, real) => use({ reference, real, nReference }));
  const part = path.endsWith('.pkl') ? EDM2_PARTS[features] : undefined;
  const reference = await asArgument('--reference', () => loadStatistics(path, { part }));
  if (options.data === undefined) return use({ reference });
  return withRealImages({ ...options, data }, (_, real) => use({ reference, real }));
};

/** Measures what the command line asks for; returns the images and the results. */
const measured = async (
  options: EvalOptions,
  terminal: Terminal,
): Promise<{ images: ImageSource; results: MetricResult[] }> => {
  const { metrics, seed, cache, saveEvery, keep } = options;
  const extractor = await asArgument('--features', () => loadFeatures(options.features));
  const line = workingLine(terminal);
  try {
    return await stoppable('stopped; the same command goes on where it was', signal =>
      withReference(options, against =>
        withMeasuredImages(options, async (images, n, blocks) => ({
          images,
          results: await evaluate({
            images,
            ...against,
            extractor,
            metrics,
            n,
            blocks,
            seed,
            cache,
            chunk: saveEvery,
            signal,
            ...(keep !== undefined && { keep: pngWriter(keep) }),
            onProgress: line.show,
          }),
        })),
      ),
    );
  } finally {
    line.clear();
    await extractor.dispose();
  }
};

/** `cosim eval`, `cosim eval stats` and `cosim eval compare`. */
export const evalCommand = (terminal: Terminal): Command =>
  withOptions(
    new Command('eval')
      .summary('measure images against real ones')
      .description(
        "Measures a network's images, or stored ones, against real images: blocks of images of seeds of their own, the " +
          'value of each metric with its spread over the blocks and its floor, which is what other real images get at ' +
          'the same number. Interrupted, the same command goes on where it was.',
      )
      .option('--network <file>', `checkpoint, folder of a run, or a shipped model (${TEACHER_NAMES.join(', ')})`)
      .option('--images <path>', 'measure these stored images instead: a folder, or the name of a data set')
      .addOption(
        new Option('--metrics <list>', `of ${setMetricNames.join(', ')}`).argParser(metricList).default(['fd'], 'fd'),
      )
      .option('--reference <file>', "statistics of the real images (safetensors, EDM's npz, EDM2's pkl): for fd alone")
      .option('--n <n>', `images of a block (default: ${NETWORK_BLOCK}, of stored images all, in equal parts)`, count)
      .option(
        '--blocks <n>',
        `blocks of images, each of other seeds (default: ${NETWORK_BLOCKS}, of stored images 1)`,
        count,
      )
      .option('--seed <n>', 'first seed of the first block; of stored images, the place', index, 0)
      .option('--batch <n>', `images drawn at a time: memory, never results (default: ${DRAWN_AT_A_TIME})`, count)
      .option('--out <file>', 'JSON with the results and all that they depend on')
      .option('--keep <folder>', 'keep the images that are measured, as PNG')
      .addOption(new Option('--backend <name>', 'where to compute (default: the best there is)').choices(BACKENDS))
      .addOption(
        new Option('--engine <name>', 'what computes the images of a network (default: auto)').choices(ENGINES),
      ),
    withNetworkOptions,
    withSamplerOptions,
    withRealOptions,
    withJson,
    needing<EvalOptions>(({ network, images, features, data, reference }) => ({
      'one of --network or --images': network ?? images,
      '--features': features,
      'one of --data or --reference': data ?? reference,
    })),
  )
    .enablePositionalOptions()
    .addCommand(evalStatsCommand(terminal))
    .addCommand(evalCompareCommand(terminal))
    .addHelpText(
      'after',
      `
Examples:
  $ cosim eval --network digits --steps 10 --data digits --features digits --metrics fd,kid,pr --n 500
  $ cosim eval --network runs/first --steps 4 --data cifar10 --features mobilenet --n 10000 --out four-steps.json
  $ cosim eval --network edm-cifar10-32x32-uncond-vp.pkl --features inception --reference cifar10-32x32.npz --n 50000
  $ cosim eval --images samples --data cifar10 --split test --features mobilenet --metrics fd,dc
  $ cosim eval stats --data cifar10 --features inception --out cifar10.safetensors
  $ cosim eval compare two-steps.json four-steps.json`,
    )
    .action(async (options: EvalOptions) => {
      const { out, backend } = options;
      await check(options);
      await selectBackend(backend ? { backend } : {});
      const { images, results } = await measured(options, terminal);
      const of = { name: images.name, ...images.identity };
      if (out !== undefined) await saveResults(out, { images: of, results });
      giveResult(terminal, options, { images: of, results }, () => resultTable(results));
    });
