import { Command } from 'commander';
import { expectWritableFile, expectWritableFolder } from '../checkpoints';
import { selectBackend } from '../compute/backend';
import { loadFeatures, referenceStatistics } from '../evaluation';
import { saveStatistics } from '../metrics';
import { type RealOptions, required, withRealImages, withRealOptions } from './real-images';
import { stoppable } from './stopped';
import { grouped, type Terminal } from './terminal';
import { workingLine } from './working-line';

type StatsOptions = RealOptions & { out?: string };

/** `cosim eval stats`. */
export const evalStatsCommand = (terminal: Terminal): Command =>
  withRealOptions(
    new Command('stats')
      .summary('keep the statistics of real images for --reference')
      .description(
        "Takes mean and covariance of real images' features: what a Fréchet distance needs of them. Written as safetensors " +
          "with all that they depend on, or as EDM's npz, which holds the numbers alone.",
      )
      .option('--out <file>', 'where they go: .safetensors or .npz'),
  )
    .addHelpText(
      'after',
      '\nExample:\n  $ cosim eval stats --data cifar10 --features inception --out cifar10.safetensors',
    )
    .action(async (options: StatsOptions) => {
      const out = required(options.out, '--out');
      const features = required(options.features, '--features');
      required(options.data, '--data');
      await expectWritableFile('--out', out);
      await expectWritableFolder('--cache', options.cache);
      await selectBackend();
      const extractor = await loadFeatures(features);
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
        terminal.out(`${out}: mean and covariance of ${extractor.d} features of ${grouped(statistics.n)} images\n`);
      } finally {
        line.clear();
        await extractor.dispose();
      }
    });
