/*
 * node --import tsx examples/browser/distill.ts [FOLDER]: distills the digits' teacher for some minutes (notebook 02's
 * `laptop` settings: 160 updates of 16 images), so that there is a generator to export. Run again, it goes on.
 */
import { digits, distill, loadTeacher, Run, selectBackend } from '../../src';
import { newestFolder } from '../../src/api/checkpoints';

const IMAGES = 2560;

const main = async (): Promise<void> => {
  const dir = process.argv[2] ?? 'runs/browser';
  await selectBackend();
  const dataset = digits({ seed: 0, split: 'train' });
  const options = { batch: 16, learningRate: 1e-4, emaHalflife: 640, emaRampup: 0.5, seed: 0 };
  const resumed = (await newestFolder(dir)) !== undefined;
  const run = resumed
    ? await Run.load(dir, { dataset })
    : distill({
        teacher: await loadTeacher('digits'),
        dataset,
        method: { kind: 'cosim', alpha: 1.2, coef: 1, R: 4 },
        run: options,
      });
  const onStep = ({ step, images }: { step: number; images: number }): void => {
    if (step % 20 === 0) console.log(`${images} of ${IMAGES} images`);
  };
  await run.train({ images: IMAGES, dir, saveEvery: 640, onStep });
  console.log(`the generator is in ${dir}`);
  run.dispose();
};

void main();
