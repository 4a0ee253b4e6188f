import { Command } from 'commander';
import { expectWritableFile, expectWritableFolder } from '../checkpoints';
import { selectBackend } from '../compute/backend';
import { loadFeatures, referenceStatistics } from '../evaluation';
import { saveStatistics } from '../metrics';
import { asArgument } from './given-paths';
import { giveResult, type JsonOption, withJson } from './json-output';
import { needing } from './needed';
import { withOptions } from './options';
import { type RealOptions, withRealImages, withRealOptions } from './real-images';
import { stoppable } from './stopped';
import { grouped, type Terminal } from './terminal';
import { workingLine } from './working-line';

type StatsOptions = RealOptions & JsonOption & { data: string; features: string; out: string };

/** `cosim eval stats`. */
export const evalStatsCommand = (terminal: Terminal): Command =>
  withOptions(
    new Command('stats')
      .summary('keep the statistics of real images for --reference')
      .description(
        "Takes mean and covariance of real images' features: what a Fréchet distance needs of them. Written as safetensors " +
          "with all that they depend on, or as EDM's npz, which holds the numbers alone.",
      )
      .option('--out <file>', 'where they go: .safetensors or .npz'),
    withRealOptions,
    withJson,
    needing<StatsOptions>(({ data, features, out }) => ({ '--data': data, '--features': features, '--out': out })),
  )
    .addHelpText(
      'after',
      '\nExample:\n  $ cosim eval stats --data cifar10 --features inception --out cifar10.safetensors',
    )
    .action(async (options: StatsOptions) => {
      const { out, features } = options;
      await expectWritableFile('--out', out);
      await expectWritableFolder('--cache', options.cache);
      await selectBackend();
      const extractor = await asArgument('--features', () => loadFeatures(features));
      const line = workingLine(terminal);
      try {
        const { cache, saveEvery: chunk, nReference } = options;
        const statistics = await stoppable('stopped; the same command goes on where it was', signal =>
          withRealImages(options, dataset =>
            referenceStatistics({
              dataset,
              nReference,
              extractor,
              cache,
              chunk,
              signal,
              onProgress: line.show,
            }),
          ),
        );
        await saveStatistics(out, statistics);
        line.clear();
        const { n, d, features: identity, source, madeBy } = statistics;
        giveResult(
          terminal,
          options,
          { file: out, n, d, features: identity, source, madeBy },
          () => `${out}: mean and covariance of ${d} features of ${grouped(n)} images\n`,
        );
      } finally {
        line.clear();
        await extractor.dispose();
      }
    });
