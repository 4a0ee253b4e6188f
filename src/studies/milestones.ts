/*
 * A long training whose averaged network is kept on the way, so that it can be measured later, and elsewhere than on the
 * machine that trained it.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { readKept, setAside, writeKept } from '../checkpoints';
import { fail } from '../compute/check';
import type { Dataset } from '../datasets';
import { saveModel } from '../networks';
import { beginMaking, distinctMadeBy, type MadeBy } from '../provenance';
import type { EngineReport, IterationReport, Run } from '../training';
import { autosave } from './autosave';
import { loadKeptRun } from './kept-run';

/** A training, before it is begun. */
export type MilestoneTraining = {
  /** All that its weights depend on but for what computes them, as plain JSON. */
  depends: object;
  dataset: Dataset;
  /** A fresh run. */
  begin: () => Run;
  /** Training images at which the average is kept, rising, multiples of the batch; the last ends the training. */
  keepAt: readonly number[];
};

/** The averaged network after so many training images. */
export type Milestone = {
  /** Its weights in half precision, with sampler and times: `loadModel` reads it. */
  file: string;
  /** Images seen in training. */
  images: number;
  /** Updates of each network. */
  iterations: number;
  /** Of all iterations so far, compiling not included. */
  seconds: number;
  /** What computed the iterations since the milestone before. */
  engine: EngineReport;
  /** Reports of some of the iterations since the milestone before, evenly spaced. */
  history: readonly IterationReport[];
  /** Of everything that trained it. */
  madeBy: readonly MadeBy[];
};

type Stored = Omit<Milestone, 'file'>;

const nameOf = (images: number): string => String(images).padStart(9, '0');

const fileOf = (folder: string, images: number): string => join(folder, `${nameOf(images)}.safetensors`);

const readMilestone = async (folder: string, depends: object, images: number): Promise<Milestone | undefined> => {
  const stored = await readKept<Stored>(join(folder, `${nameOf(images)}.json`), depends);
  return stored && { ...stored, file: fileOf(folder, images) };
};

/** What is kept of a training so far, in the order of its images. */
export const milestonesIn = async (
  folder: string,
  { depends, keepAt }: Pick<MilestoneTraining, 'depends' | 'keepAt'>,
): Promise<Milestone[]> => {
  const found: Milestone[] = [];
  for (const images of keepAt) {
    const milestone = await readMilestone(folder, depends, images);
    if (milestone) found.push(milestone);
  }
  return found;
};

const SHOWN = 60; // reports between two milestones

const thinned = (reports: readonly IterationReport[]): IterationReport[] => {
  const every = Math.max(1, Math.ceil(reports.length / SHOWN));
  return reports.filter((_, i) => (i + 1) % every === 0);
};

/**
 * Trains to the last milestone, or until it is stopped; the same call goes on from there. Milestones and the newest
 * checkpoint (`run`) lie in `folder`. A checkpoint that has passed a milestone which is not there is set aside, with a
 * warning: it cannot be made up for.
 * @returns the milestones that are there
 * @throws ArgumentError for milestones that are no multiples of the batch; what `Run.train` throws
 */
export const trainMilestones = async (
  training: MilestoneTraining,
  folder: string,
  { onReport, signal }: { onReport?: (report: IterationReport) => void; signal?: AbortSignal } = {},
): Promise<Milestone[]> => {
  const { depends, dataset, begin, keepAt } = training;
  await mkdir(folder, { recursive: true });
  const dir = join(folder, 'run');
  const milestones = await milestonesIn(folder, training);
  const isKept = (images: number): boolean => milestones.some(kept => kept.images === images);
  let run = await loadKeptRun(dir, dataset);
  if (run && keepAt.some(images => images < run!.images && !isKept(images))) {
    run.dispose();
    run = undefined;
    await setAside(dir, 'a training that has passed milestones which are not there');
  }
  const going = run ?? begin();
  const { batch } = going.options;
  for (const images of keepAt)
    if (images % batch !== 0) {
      going.dispose();
      fail('trainMilestones', 'keepAt', `multiples of the batch ${batch}`, images);
    }
  const done = beginMaking(__filename);
  const earlier = milestones.filter(({ images }) => images <= going.images).flatMap(({ madeBy }) => madeBy);

  const keep = async (images: number): Promise<void> => {
    const before = Math.max(0, ...keepAt.filter(at => at < images));
    const { method, history } = going;
    const file = fileOf(folder, images);
    const metadata = { sampler: method.sampler, times: JSON.stringify(going.times), images: String(images) };
    const model = { denoiser: method.denoisers.phi!, parameters: going.parameters('ema') };
    await saveModel(file, model, metadata, { floats: 'F16' });
    const stored: Stored = {
      images,
      iterations: going.step,
      seconds: history.reduce((sum, { seconds }) => sum + seconds, 0),
      engine: going.engineReport,
      history: thinned(history.filter(report => report.images > before)),
      madeBy: distinctMadeBy([...earlier, done()]),
    };
    await writeKept(join(folder, `${nameOf(images)}.json`), depends, stored);
    milestones.push({ ...stored, file });
  };

  try {
    for (const images of keepAt) {
      if (going.images < images) {
        const save = autosave(going, dir);
        await going.train({
          images,
          dir,
          signal,
          onReport: async report => {
            onReport?.(report);
            await save();
          },
        });
      }
      if (going.images < images) break; // stopped
      if (!isKept(images)) await keep(images);
    }
    return milestones.sort((a, b) => a.images - b.images);
  } finally {
    going.dispose();
  }
};
