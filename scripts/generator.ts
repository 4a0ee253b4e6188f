/*
 * npm run generator -- NAME [--for 2h] [--folder DIR]: distils a shipped generator, resumable, measures what there is when it
 * is done or the time is over, and writes it with its card.
 */
import { createHash } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { writeFileAtomic } from '../src/checkpoints';
import { workTexts } from '../src/command-line/working-line';
import { selectBackend } from '../src/compute/backend';
import { imageGrid, saveFigure } from '../src/figures';
import { GENERATOR_NAMES, generatorFile, type GeneratorName, GENERATORS, type GeneratorPreset } from '../src/models';
import { parameterCount, saveModel } from '../src/networks';
import { joinImages } from '../src/runs';
import { compareSteps, generatorAt, keptGenerator, teacherAt, trainedGenerator } from '../src/studies';
import { imageTask, type ImageTask } from '../src/tasks';
import { root } from './project';

const BLOCKS = { n: 2000, blocks: 3 };
const TEACHER_NFE = 35;

/** '90s', '45m', '2h' in seconds. */
const secondsOf = (text: string): number => {
  const [, count, unit] = /^(\d+(?:\.\d+)?)([smh])$/.exec(text) ?? [];
  if (count === undefined) throw new Error(`--for must be a time as 90s, 45m or 2h, got '${text}'`);
  return Number(count) * { s: 1, m: 60, h: 3600 }[unit as 's' | 'm' | 'h'];
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { for: { type: 'string' }, folder: { type: 'string', default: join(root, 'runs', 'generators') } },
});

type Made = NonNullable<Awaited<ReturnType<typeof keptGenerator>>>;

/** Trains until it is done, the time is over or Ctrl-C. */
const train = async (name: GeneratorName, task: ImageTask, seconds: number): Promise<Made | undefined> => {
  const { method, run, images }: GeneratorPreset = GENERATORS[name];
  const config = { method, run, images, seed: 0 };
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), Math.min(seconds * 1000, 2 ** 31 - 1));
  process.once('SIGINT', () => stop.abort());
  const textOf = workTexts();
  let shown = -Infinity;
  const onStep = ({ images: done, psiLoss }: { images: number; [metric: string]: number }): void => {
    const text = textOf({ stage: name, done, total: images, note: `psi loss ${psiLoss.toFixed(4)}` });
    if (performance.now() - shown < 2000 && done < images) return;
    shown = performance.now();
    console.log(text);
  };
  const done =
    seconds > 0 ? await trainedGenerator(task, config, values.folder, { onStep, signal: stop.signal }) : undefined;
  clearTimeout(timer);
  return done ?? (await keptGenerator(task, config, values.folder));
};

const cardOf = async (name: GeneratorName, task: ImageTask, { run, madeBy }: Made) => {
  const steps = Object.keys(task.times).map(Number);
  const contenders = generatorAt(run, task, steps);
  console.log(`measuring in ${steps.join(', ')} steps, ${BLOCKS.blocks} blocks of ${BLOCKS.n} samples`);
  const points = await compareSteps(task, contenders, BLOCKS);
  const { denoisers, config } = run.method;
  const weights = await readFile(generatorFile(name));
  return {
    command: `npm run generator -- ${name}`,
    madeBy,
    weights: {
      file: basename(generatorFile(name)),
      sha256: createHash('sha256').update(weights).digest('hex'),
    },
    teacher: GENERATORS[name].teacher,
    network: { ...denoisers.phi!.config, parameters: parameterCount(denoisers.phi!.parameters) },
    training: { method: config, images: run.images, ...run.options },
    data: run.dataset.provenance,
    times: Object.fromEntries(steps.map(K => [K, task.times[K]])),
    quality: { metric: task.metric, points },
  };
};

const COLUMNS = 14;

/** The same noises and labels in each row: the teacher, then the generator in 1, 2 and 4 steps. */
const drawSheet = async (name: GeneratorName, task: ImageTask, { run, madeBy }: Made): Promise<void> => {
  const seeds = Array.from({ length: COLUMNS }, (_, i) => 1000 + i);
  const labels = seeds.map((_, i) => i % 10);
  const rows: [string, Float32Array][] = [];
  for (const { series, steps, draw } of [...teacherAt(task, [TEACHER_NFE]), ...generatorAt(run, task, [1, 2, 4])]) {
    const label = series === 'teacher' ? `teacher, NFE ${steps}` : `CoSIM, ${steps} step${steps === 1 ? '' : 's'}`;
    rows.push([label, (await draw({ seeds, labels })).data]);
  }
  const [h, w, c] = task.dataset.sampleShape;
  const sheet = await imageGrid({
    images: joinImages(rows.map(([, images]) => images)),
    n: rows.length * COLUMNS,
    h,
    w,
    c,
    columns: COLUMNS,
    scale: 5,
    rowLabels: rows.map(([label]) => label),
    columnLabels: labels.map(String),
    title: 'Same noise and label in each column',
  });
  const numbers = { images: run.images, seeds, labels, rows: rows.map(([label]) => label) };
  const making = { preset: name, seeds: [run.options.seed], madeBy, dataset: task.name };
  await saveFigure(join(root, 'figures', `generator_${name}`), sheet, numbers, making);
};

const mean = (numbers: readonly number[]): number => numbers.reduce((sum, x) => sum + x, 0) / numbers.length;

const markdownOf = (name: GeneratorName, card: Awaited<ReturnType<typeof cardOf>>): string => {
  const { training, madeBy, weights, network, data, teacher, quality } = card;
  const kinds = [...new Set(quality.points.map(({ series, steps }) => `${series},${steps}`))];
  const rows = kinds.map(kind => {
    const own = quality.points.filter(({ series, steps }) => `${series},${steps}` === kind);
    const blocks = own.map(({ value }) => value);
    const [first] = own;
    const accuracy = mean(own.map(point => point.accuracy ?? NaN));
    const range = `${Math.min(...blocks).toPrecision(3)} to ${Math.max(...blocks).toPrecision(3)}`;
    return `| ${first.series} | ${first.steps} | ${mean(blocks).toPrecision(3)} (${range}) | ${first.floor.toPrecision(3)} | ${accuracy.toFixed(3)} |`;
  });
  const seconds = madeBy.reduce((sum, made) => sum + made.seconds, 0);
  const makers = [...new Set(madeBy.map(made => `commit ${made.commit}, ${made.engine}, ${made.machine.cpu}`))];
  return `# ${name}: CoSIM generator for drawn digits, 16 x 16 x 1, class-conditional

Written by \`${card.command}\` from \`${name}.json\`. \`loadModel('${name}')\` loads it; weights in PyTorch's layout.

| | |
| --- | --- |
| teacher | \`${teacher}\` |
| network | \`${JSON.stringify(network)}\` |
| data | \`${JSON.stringify(data)}\` |
| method | \`${JSON.stringify(training.method)}\` |
| training | ${training.images} images, batches of ${training.batch}, Adam (${training.beta1}, ${training.beta2}), learning rate ${training.learningRate}; the weights are the moving average, half-life ${training.emaHalflife} images; seed ${training.seed} |
| made by | ${makers.join('; ')}, ${Math.round(seconds)} s |
| weights | \`${weights.file}\`, SHA-256 \`${weights.sha256}\` |

${quality.metric}, n = ${BLOCKS.n}: mean over ${BLOCKS.blocks} blocks of seeds (smallest to largest).

| sampler | NFE | value | real vs real | class accuracy |
| --- | --- | --- | --- | --- |
${rows.join('\n')}
`;
};

const main = async (): Promise<void> => {
  const name = positionals[0] as GeneratorName;
  if (positionals.length !== 1 || !GENERATOR_NAMES.includes(name))
    throw new Error(`usage: npm run generator -- ${GENERATOR_NAMES.join('|')} [--for 2h] [--folder DIR]`);
  const seconds = values.for === undefined ? Infinity : secondsOf(values.for);
  await selectBackend();
  const task = await imageTask({ teacher: GENERATORS[name].teacher });
  try {
    const made = await train(name, task, seconds);
    if (made === undefined) throw new Error(`${values.folder} holds nothing of ${name} yet`);
    const { run } = made;
    const path = generatorFile(name);
    await mkdir(dirname(path), { recursive: true });
    const times = JSON.stringify(task.times);
    await saveModel(
      path,
      { denoiser: run.method.denoisers.phi!, parameters: run.parameters('ema') },
      { sampler: run.method.sampler, times, images: String(run.images) },
    );
    const card = await cardOf(name, task, made);
    const base = path.replace(/\.safetensors$/, '');
    await writeFileAtomic(`${base}.json`, `${JSON.stringify(card, null, 1)}\n`);
    await writeFileAtomic(`${base}.md`, markdownOf(name, card));
    await drawSheet(name, task, made);
    console.log(
      `wrote ${path}, its card and figures/generator_${name}, after ${run.images} of ${GENERATORS[name].images} images`,
    );
    run.dispose();
  } finally {
    await task.dispose();
  }
};

void main().catch((error: unknown) => {
  console.error((error as Error).message);
  process.exitCode = 1;
});
