/* npm run teacher -- NAME [--images N]: pretrains a shipped teacher by EDM's loss, resumable, and writes it with its card. */
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { newestFolder } from '../src/checkpoints';
import { workTexts } from '../src/command-line/working-line';
import { selectBackend } from '../src/compute/backend';
import { TEACHER_NAMES, teacherFile, type TeacherName, type TeacherPreset, TEACHERS } from '../src/models/teachers';
import { saveModel } from '../src/networks';
import { type IterationReport, pretrain, Run } from '../src/training';
import { madeNow, writeCard } from './teacher-card';
import { makeAutoencoder } from './train-autoencoder';
import { makeClassifier } from './train-classifier';

const { values, positionals } = parseArgs({ allowPositionals: true, options: { images: { type: 'string' } } });
const name = positionals[0] as TeacherName;

const main = async (): Promise<void> => {
  if (positionals[0] === 'classifier') return makeClassifier();
  if (positionals[0] === 'autoencoder') return makeAutoencoder();
  if (!TEACHER_NAMES.includes(name))
    throw new Error(`usage: npm run teacher -- classifier|autoencoder|${TEACHER_NAMES.join('|')} [--images N]`);
  const backend = await selectBackend();
  const preset: TeacherPreset = TEACHERS[name];
  const images = values.images ? Number(values.images) : preset.images;
  const dir = join('runs', `teacher-${name}`);
  const dataset = preset.dataset();
  const resumed = (await newestFolder(dir)) !== undefined;
  const run = resumed
    ? await Run.load(dir, { dataset })
    : pretrain({ denoiser: preset.denoiser(), dataset, denoising: preset.denoising, run: preset.run });
  console.log(`${name} on ${backend.name}: ${resumed ? `resuming at ${run.images}` : 'starting'}, to ${images} images`);
  const stop = new AbortController();
  process.once('SIGINT', () => stop.abort());
  const textOf = workTexts();
  let shown = -Infinity;
  const onReport = ({ images: done, phiLoss }: IterationReport): void => {
    const text = textOf({ stage: name, done, total: images, note: `loss ${phiLoss.toFixed(4)}` });
    if (performance.now() - shown < 2000 && done < images) return;
    shown = performance.now();
    console.log(text);
  };
  const end = await run.train({ images, dir, saveEvery: 6_400, signal: stop.signal, onReport });
  if (end === 'aborted') return console.log(`stopped; the same command goes on from ${dir}`);
  const made = madeNow(name, run);
  const path = teacherFile(name);
  await mkdir(dirname(path), { recursive: true });
  await saveModel(path, { denoiser: run.method.denoisers.phi!, parameters: run.parameters('ema') });
  await writeCard(name, run, made);
  console.log(`wrote ${path} and its card`);
};

void main().catch((error: unknown) => {
  console.error((error as Error).message);
  process.exitCode = 1;
});
