/*
 * npm run cifar10 -- --data cifar-10-batches-bin --features mobilenet: a teacher and CoSIM on CIFAR-10 at 16 x 16, trained and
 * measured on this machine; the figures of it. Ctrl-C stops it, the same command goes on. --rate is CoSIM's learning rate,
 * --out the folder of the runs, --name what the figures' names begin with.
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { selectBackend } from '../src/compute/backend';
import { loadFeatures } from '../src/evaluation';
import { workTexts } from '../src/command-line/working-line';
import { provenance } from '../src/figures/provenance';
import { CIFAR10_RUN, type Cifar10Callbacks, cifar10Small, runCifar10 } from '../src/studies';
import { drawCifar10Figures } from './cifar10-figures';

const PAUSE = 15_000; // ms between two lines

/** At most a line every quarter of a minute, with rate and time left. */
const lines = (): ((stage: string, done: number, total: number, note?: string) => void) => {
  const textOf = workTexts();
  let [shown, since]: [string, number] = ['', -Infinity];
  return (stage, done, total, note) => {
    const text = textOf({ stage, done, total, note });
    if (stage === shown && performance.now() - since < PAUSE && done < total) return;
    [shown, since] = [stage, performance.now()];
    console.log(text);
  };
};

const main = async (): Promise<void> => {
  const { values } = parseArgs({
    options: {
      data: { type: 'string' },
      features: { type: 'string', default: 'mobilenet' },
      out: { type: 'string', default: join('runs', 'cifar10') },
      name: { type: 'string', default: 'cifar10' },
      rate: { type: 'string' },
    },
  });
  if (values.data === undefined)
    throw new Error(
      'usage: npm run cifar10 -- --data cifar-10-batches-bin [--features NAME|FILE] [--rate R] [--out FOLDER] [--name NAME]',
    );
  const learningRate = values.rate === undefined ? CIFAR10_RUN.run.learningRate : Number(values.rate);
  const options = { ...CIFAR10_RUN, run: { ...CIFAR10_RUN.run, learningRate } };
  const stop = new AbortController();
  process.once('SIGINT', () => stop.abort(new Error('stopped; the same command goes on')));
  await selectBackend();
  const [train, test] = [await cifar10Small(values.data, 'train'), await cifar10Small(values.data, 'test')];
  const extractor = await loadFeatures(values.features);
  const line = lines();
  const callbacks: Cifar10Callbacks = {
    signal: stop.signal,
    onStep: (stage, { images, phiLoss }, total) => line(stage, images, total, `loss ${phiLoss.toFixed(1)}`),
    onMeasure: line,
  };
  const made = provenance({
    preset: 'cifar10',
    seeds: [CIFAR10_RUN.run.seed ?? 0],
    command: `npm run cifar10${values.rate === undefined ? '' : ` -- --rate ${values.rate}`}`,
    options,
    data: { train: train.provenance, test: test.provenance },
  });
  try {
    const input = { train, test, extractor, dir: values.out, options, ...callbacks };
    await runCifar10(input, (models, results) => drawCifar10Figures(values.name, models, results, test, made));
  } finally {
    await extractor.dispose();
    await train.close?.();
    await test.close?.();
  }
};

void main().catch((error: unknown) => {
  console.error((error as Error).message);
  process.exitCode = 1;
});
