import { type Samples, shapeSize } from '../compute/host-arrays';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { makeFolder, writeFileAtomic, writeSafetensors } from '../checkpoints';
import { indexRange } from '../datasets';
import { imageGrid } from '../figures';
import type { Run } from '../training';

export type SheetOptions = {
  /** Samples for each number of steps: seeds 0 to n - 1, classes going round. */
  n: number;
  /** Numbers of steps, one row each. */
  steps: readonly number[];
  /** Samples computed at a time: memory, never results. */
  batch: number;
};

/** Samples in a row of a sheet. */
const COLUMNS = 10;

/** Images as they are sorted by name. */
export const imagesName = (images: number): string => String(images).padStart(12, '0');

const stepsText = (steps: number): string => `${steps} step${steps > 1 ? 's' : ''}`;

/** Same seeds, one block of rows for each number of steps; rows are filled up with white. */
const drawPng = async (parts: readonly Samples[], { n, steps }: SheetOptions, title: string): Promise<Uint8Array> => {
  const { shape } = parts[0];
  const columns = Math.min(n, COLUMNS);
  const rows = Math.ceil(n / columns);
  const missing = rows * columns - n;
  const blank = { data: new Float32Array(missing * shapeSize(shape)).fill(1), n: missing, shape };
  const { png } = await imageGrid({
    images: parts.flatMap(part => (missing > 0 ? [part, blank] : [part])),
    columns,
    title,
    rowLabels: steps.flatMap(K => [stepsText(K), ...Array.from({ length: rows - 1 }, () => '')]),
  });
  return png;
};

/**
 * Draws the same seeds and classes in 1, 2, ... steps from a run's average, to `dir/IMAGES-N-in-1-2-steps.png`, or
 * to such a `.safetensors` where samples are no pictures (latents, points).
 * @returns the path; nothing is drawn where it is there already
 * @throws the signal's reason when stopped
 */
export const drawSheet = async (
  run: Run,
  dir: string,
  options: SheetOptions,
  { signal, onDone }: { signal?: AbortSignal; onDone?: (done: number, total: number) => void } = {},
): Promise<string> => {
  const { sampleShape, classes } = run.method.denoisers.phi!;
  const isPicture = sampleShape.length === 3 && (sampleShape[2] === 1 || sampleShape[2] === 3);
  const { n, steps, batch } = options;
  const name = `${imagesName(run.images)}-${n}-in-${steps.join('-')}-steps`; // others are other sheets
  const path = join(dir, `${name}.${isPicture ? 'png' : 'safetensors'}`);
  if (existsSync(path)) return path;
  await makeFolder(dir);
  const seeds = indexRange(n);
  const parts: Samples[] = [];
  onDone?.(0, n * steps.length);
  for (const K of steps) {
    const labels = classes > 0 ? seeds.map(seed => seed % classes) : undefined;
    parts.push(await run.sample({ seeds, labels, steps: K, batch, signal }));
    onDone?.(n * parts.length, n * steps.length);
  }
  if (isPicture)
    await writeFileAtomic(path, await drawPng(parts, options, `after ${run.images.toLocaleString('en-US')} images`));
  else
    await writeSafetensors(
      path,
      Object.fromEntries(
        parts.map(({ data }, i) => [`steps${steps[i]}`, { dtype: 'F32', shape: [n, ...sampleShape], data }]),
      ),
    );
  return path;
};
