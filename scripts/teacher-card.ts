/* The card of a pretrained model: how it was made and how well it samples, as JSON for programs and Markdown for people. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { writeFileAtomic } from '../src/checkpoints';
import { provenance, type Provenance } from '../src/figures/provenance';
import { teacherFile, type TeacherName } from '../src/models';
import { parameterCount } from '../src/networks';
import { compareSteps, teacherAt } from '../src/studies';
import { imageTask, latentsTasks, pointsTask, type Task } from '../src/tasks';
import type { Run } from '../src/training';

const EVALUATIONS = [1, 3, 9, 17, 35]; // NFE of EDM's Heun sampler
const CURVE_POINTS = 16;

/** Means of the loss over equal stretches of training. */
const lossCurve = (run: Run): { images: number; loss: number }[] => {
  const stretch = Math.max(1, Math.ceil(run.history.length / CURVE_POINTS));
  return Array.from({ length: Math.ceil(run.history.length / stretch) }, (_, i) => {
    const part = run.history.slice(i * stretch, (i + 1) * stretch);
    return { images: part[part.length - 1].images, loss: part.reduce((sum, r) => sum + r.phiLoss, 0) / part.length };
  });
};

/** The task that a model is for, with the model as its teacher, and how to free it. */
const taskFor = async (name: TeacherName): Promise<{ task: Task; dispose: () => void | Promise<void> }> => {
  if (name === 'digits') {
    const task = await imageTask();
    return { task, dispose: task.dispose };
  }
  if (name === 'checkerboard') {
    const task = await pointsTask();
    return { task: { ...task, teacher: task.start }, dispose: task.dispose };
  }
  const { tasks, dispose } = await latentsTasks({ teachers: [name] });
  return { task: tasks[0], dispose };
};

const quality = async (name: TeacherName) => {
  const { task, dispose } = await taskFor(name);
  const points = await compareSteps(task, teacherAt(task, EVALUATIONS), { n: 1000, blocks: 1 });
  await dispose();
  return { metric: task.metric, sampler: "EDM's Heun sampler, deterministic", points };
};

const cardOf = async (name: TeacherName, run: Run, made: Provenance) => {
  const file = teacherFile(name);
  const { denoisers, config } = run.method;
  const seconds = run.history.reduce((sum, report) => sum + report.seconds, 0);
  return {
    ...made,
    command: `npm run teacher -- ${name}`,
    weights: {
      file: basename(file),
      sha256: createHash('sha256')
        .update(await readFile(file))
        .digest('hex'),
    },
    network: { ...denoisers.phi!.config, parameters: parameterCount(denoisers.phi!.parameters) },
    training: {
      method: config,
      images: run.images,
      ...run.options,
      seconds: Math.round(seconds),
      loss: lossCurve(run),
    },
    data: run.dataset.provenance,
    quality: await quality(name),
  };
};

type Card = Awaited<ReturnType<typeof cardOf>>;

const TITLES: Record<TeacherName, string> = {
  digits: 'Teacher for drawn digits: a class-conditional DDPM++ denoiser, 16 x 16 x 1',
  checkerboard: 'Start for the 2-D checkerboard: a residual MLP denoiser (the teacher there is the exact mixture)',
  'latents-s': 'Teacher for latents of drawn digits, size S: a class-conditional EDM2 denoiser, 8 x 8 x 4',
  'latents-m': 'Teacher for latents of drawn digits, size M: a class-conditional EDM2 denoiser, 8 x 8 x 4',
  'latents-l': 'Teacher for latents of drawn digits, size L: a class-conditional EDM2 denoiser, 8 x 8 x 4',
};

const markdownOf = (name: TeacherName, card: Card): string => {
  const { command, weights, network, training, data, quality: measured, machine, node, backend, date, commit } = card;
  const rows = measured.points.map(
    ({ steps, value, floor, n, nReference, accuracy, onMode }) =>
      `| ${steps} | ${value.toPrecision(3)} | ${floor.toPrecision(3)} | ${(accuracy ?? onMode ?? 0).toFixed(3)} | ${n} | ${nReference} |`,
  );
  return `# ${TITLES[name]}

Written by \`${command}\` from \`${basename(weights.file, '.safetensors')}.json\`. Weights in PyTorch's layout under the reference's names.

| | |
| --- | --- |
| network | \`${JSON.stringify(network)}\` |
| data | \`${JSON.stringify(data)}\` |
| training | ${training.method.uncertainty === true ? "EDM2's denoising loss with uncertainty" : "EDM's denoising loss"}, ${training.images} samples, batches of ${training.batch}, Adam (${training.beta1}, ${training.beta2}), learning rate ${training.learningRate} after ${training.warmup} samples of warm-up; the weights are the moving average, half-life ${training.emaHalflife} samples |
| time | ${training.seconds} s on ${machine.cpu} (${machine.cores} cores, shared), ${backend}, Node ${node} |
| made | ${date.slice(0, 10)}, commit ${commit}, seed ${training.seed} |
| weights | \`${weights.file}\`, SHA-256 \`${weights.sha256}\` |

Quality by network evaluations (${measured.sampler}): ${measured.metric}.

| NFE | value | real vs real | ${name === 'checkerboard' ? 'share on a mode' : 'class accuracy'} | n | n reference |
| --- | --- | --- | --- | --- | --- |
${rows.join('\n')}

Loss (mean over a sixteenth of training, per sample): ${training.loss.map(({ images, loss }) => `${images}: ${loss.toPrecision(3)}`).join(', ')}.
`;
};

/** Measures the model that was just written and writes its card beside it. */
export const writeCard = async (name: TeacherName, run: Run, made: Provenance): Promise<void> => {
  const card = await cardOf(name, run, made);
  const base = teacherFile(name).replace(/\.safetensors$/, '');
  await writeFileAtomic(`${base}.json`, `${JSON.stringify(card, null, 1)}\n`);
  await writeFileAtomic(`${base}.md`, markdownOf(name, card));
};

/** Machine, commit and seed, taken before anything is written. */
export const madeNow = (name: TeacherName, run: Run): Provenance =>
  provenance({ preset: name, seeds: [run.options.seed] });
