/* npm run cifar10 -- --data FOLDER: CIFAR-10 at 16 x 16, a teacher trained on two cores; resumable. */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { newestFolder } from '../src/checkpoints';
import { selectBackend } from '../src/compute';
import { CIFAR10_TEACHER, cifar10Small } from '../src/experiments/cifar10-run';
import { clock } from '../src/notebook/progress';
import { type IterationReport, pretrain, Run } from '../src/training';

const { values } = parseArgs({
  options: { data: { type: 'string' }, out: { type: 'string', default: join('runs', 'cifar10') } },
});

const main = async (): Promise<void> => {
  if (values.data === undefined)
    throw new Error('usage: npm run cifar10 -- --data cifar-10-batches-bin [--out FOLDER]');
  const stop = new AbortController();
  process.once('SIGINT', () => stop.abort());
  await selectBackend();
  const dataset = await cifar10Small(values.data, 'train');
  const dir = join(values.out, 'teacher');
  const { denoiser, images, run: options } = CIFAR10_TEACHER;
  const resumed = (await newestFolder(dir)) !== undefined;
  const run = resumed ? await Run.load(dir, { dataset }) : pretrain({ denoiser: denoiser(), dataset, run: options });
  console.log(`teacher: ${resumed ? `resuming at ${run.images}` : 'starting'}, to ${images} images`);
  let [shown, since] = [performance.now(), run.images];
  const onStep = ({ images: seen, phiLoss }: IterationReport): void => {
    const now = performance.now();
    if (now - shown < 10_000 && seen < images) return;
    const rate = (1000 * (seen - since)) / (now - shown);
    console.log(
      `${seen} images  loss ${phiLoss.toFixed(1)}  ${rate.toFixed(0)} images/s  ${clock((images - seen) / rate)} left`,
    );
    [shown, since] = [now, seen];
  };
  const end = await run.train({ images, dir, saveEvery: 12_800, signal: stop.signal, onStep });
  console.log(end === 'aborted' ? `stopped; the same command goes on from ${dir}` : 'teacher: done');
  run.dispose();
};

void main().catch((error: unknown) => {
  console.error((error as Error).message);
  process.exitCode = 1;
});
