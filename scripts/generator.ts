/*
 * npm run generator -- NAME [--for 2h] [--folder DIR]: distils a shipped generator, resumable; when it is done or the time is
 * over it searches its sampling times, measures it, and writes it with its card. `--search` begins with the shipped weights;
 * `--draw` only draws the shipped generator again.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { writeFileAtomic } from '../src/checkpoints';
import { workTexts } from '../src/command-line/working-line';
import { selectBackend } from '../src/compute/backend';
import type { Samples } from '../src/compute/host-arrays';
import { imageGrid, saveFigure } from '../src/figures';
import { generatorFile, GENERATORS, type GeneratorPreset, loadModel } from '../src/models';
import { spread } from '../src/metrics';
import { type Model, parameterCount, saveModel } from '../src/networks';
import { beginMaking } from '../src/provenance';
import { edmStart, sampleMultistep, searchTimes } from '../src/samplers';
import { compareSteps, type Contender, keptGenerator, teacherAt, trainedGenerator } from '../src/studies';
import { imageTask, type ImageTask } from '../src/tasks';
import { root } from './project';
import { secondsOf, timerOf } from './seconds';

/** Those that this script makes. */
type Name = keyof typeof GENERATORS;
const NAMES = Object.keys(GENERATORS) as Name[];

const BLOCKS = { n: 2000, blocks: 3 };
const TEACHER_NFE = 35;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    for: { type: 'string' },
    folder: { type: 'string', default: join(root, 'runs', 'generators') },
    search: { type: 'boolean', default: false },
    draw: { type: 'boolean', default: false },
  },
});

type Made = NonNullable<Awaited<ReturnType<typeof keptGenerator>>>;

/** Trains until it is done, the time is over or Ctrl-C. */
const train = async (name: Name, task: ImageTask, seconds: number): Promise<Made | undefined> => {
  const { method, run, images }: GeneratorPreset = GENERATORS[name];
  const config = { method, run, images, seed: 0 };
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), timerOf(seconds));
  process.once('SIGINT', () => stop.abort());
  const textOf = workTexts();
  let shown = -Infinity;
  const onReport = ({ images: done, psiLoss }: { images: number; [metric: string]: number }): void => {
    const text = textOf({ stage: name, done, total: images, note: `psi loss ${psiLoss.toFixed(4)}` });
    if (performance.now() - shown < 2000 && done < images) return;
    shown = performance.now();
    console.log(text);
  };
  const done =
    seconds > 0 ? await trainedGenerator(task, config, values.folder, { onReport, signal: stop.signal }) : undefined;
  clearTimeout(timer);
  return done ?? (await keptGenerator(task, config, values.folder));
};

/** What is known of a generator's training. */
const aboutRun = (name: Name, { run, madeBy }: Made) => {
  const { denoisers, config } = run.method;
  return {
    command: `npm run generator -- ${name}`,
    madeBy,
    teacher: GENERATORS[name].teacher,
    network: { ...denoisers.phi!.config, parameters: parameterCount(denoisers.phi!.parameters) },
    training: { method: config, images: run.images, ...run.options },
    data: run.dataset.provenance,
  };
};

type About = ReturnType<typeof aboutRun>;

const cardFile = (name: Name): string => generatorFile(name).replace(/\.safetensors$/, '.json');

/** The same, as the shipped card has it. */
const aboutShipped = (name: Name): About => {
  const { command, madeBy, teacher, network, training, data } = JSON.parse(
    readFileSync(cardFile(name), 'utf8'),
  ) as About;
  return { command, madeBy, teacher, network, training, data };
};

type Times = Readonly<Record<number, readonly number[]>>;

const drawAt =
  (model: Model, times: readonly number[]): Contender['draw'] =>
  request =>
    sampleMultistep({ ...model, ...request, times });

const generatorAt = (model: Model, times: Times, steps: readonly number[]): Contender[] =>
  steps.map(K => ({ series: 'CoSIM', steps: K, draw: drawAt(model, times[K]) }));

const SEARCHED = [2, 4];
const SEARCH = { n: 1000, block: 1000 }; // a block that nothing else is measured on

/** The task's times, in their place those that the greedy search of Algorithm 1 finds for this generator. */
const searchedTimes = async (task: ImageTask, model: Model) => {
  const done = beginMaking(__filename);
  const times: Record<number, readonly number[]> = { ...task.times };
  for (const K of SEARCHED) {
    const found = await searchTimes({
      start: edmStart(K),
      rounds: 1,
      measure: async candidate => (await task.measure(drawAt(model, candidate), SEARCH)).value,
      onEvaluation: ({ value }, count, atMost) =>
        console.log(`${K} steps: ${count} of at most ${atMost} tried, ${value.toPrecision(4)}`),
    });
    times[K] = found.times.map(t => Number(t.toPrecision(4)));
  }
  return { times, search: { steps: SEARCHED, ...SEARCH, madeBy: done() } };
};

type Search = Awaited<ReturnType<typeof searchedTimes>>['search'];

const cardOf = async (name: Name, task: ImageTask, about: About, model: Model, times: Times, search: Search) => {
  const steps = Object.keys(times).map(Number);
  console.log(`measuring in ${steps.join(', ')} steps, ${BLOCKS.blocks} blocks of ${BLOCKS.n} samples`);
  const contenders = [...generatorAt(model, times, steps), ...teacherAt(task, [TEACHER_NFE])];
  const points = await compareSteps(task, contenders, BLOCKS);
  const weights = await readFile(generatorFile(name));
  const file = {
    file: basename(generatorFile(name)),
    sha256: createHash('sha256').update(weights).digest('hex'),
  };
  return { ...about, weights: file, times, search, quality: { metric: task.metric, points } };
};

const COLUMNS = 14;

/** The same noises and labels in each row: the teacher, then the generator in 1, 2 and 4 steps. */
const drawSheet = async (name: Name, task: ImageTask, about: About, model: Model, times: Times): Promise<void> => {
  const seeds = Array.from({ length: COLUMNS }, (_, i) => 1000 + i);
  const labels = seeds.map((_, i) => i % 10);
  const rows: [string, Samples][] = [];
  for (const { series, steps, draw } of [...teacherAt(task, [TEACHER_NFE]), ...generatorAt(model, times, [1, 2, 4])]) {
    const label = series === 'teacher' ? `teacher, NFE ${steps}` : `CoSIM, ${steps} step${steps === 1 ? '' : 's'}`;
    rows.push([label, await draw({ seeds, labels })]);
  }
  const sheet = await imageGrid({
    images: rows.map(([, images]) => images),
    scale: 5,
    rowLabels: rows.map(([label]) => label),
    columnLabels: labels.map(String),
    title: 'Same noise and label in each column',
  });
  const { training, madeBy } = about;
  const numbers = { images: training.images, seeds, labels, rows: rows.map(([label]) => label), times };
  const making = { preset: name, seeds: [training.seed], madeBy, dataset: task.name };
  await saveFigure(join(root, 'figures', `generator_${name}`), sheet, numbers, making);
};

const timesText = (times: Times): string =>
  Object.values(times)
    .map(levels => `\`${levels.map(t => Number(t.toPrecision(4))).join(', ')}\``)
    .join('; ');

const markdownOf = (name: Name, card: Awaited<ReturnType<typeof cardOf>>): string => {
  const { training, madeBy, weights, network, data, teacher, times, search, quality } = card;
  const kinds = [...new Set(quality.points.map(({ series, steps }) => `${series},${steps}`))];
  const rows = kinds.map(kind => {
    const own = quality.points.filter(({ series, steps }) => `${series},${steps}` === kind);
    const blocks = own.map(({ value }) => value);
    const [first] = own;
    const accuracy = spread(own.map(point => point.accuracy ?? NaN)).mean;
    const { mean, low, high } = spread(blocks);
    const range = `${low.toPrecision(3)} to ${high.toPrecision(3)}`;
    return `| ${first.series} | ${first.steps} | ${mean.toPrecision(3)} (${range}) | ${first.floor.toPrecision(3)} | ${accuracy.toFixed(3)} |`;
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
| times | ${timesText(times)}; those of ${search.steps.join(' and ')} steps searched (Algorithm 1) by ${search.n} samples a try, on seeds of their own |

${quality.metric}, n = ${BLOCKS.n}: mean over ${BLOCKS.blocks} blocks of seeds (smallest to largest).

| sampler | NFE | value | real vs real | class accuracy |
| --- | --- | --- | --- | --- |
${rows.join('\n')}
`;
};

/** Searches the times of a generator, writes it with its card and draws it. */
const ship = async (name: Name, task: ImageTask, about: About, model: Model): Promise<void> => {
  const path = generatorFile(name);
  await mkdir(dirname(path), { recursive: true });
  const { times, search } = await searchedTimes(task, model);
  const images = String(about.training.images);
  await saveModel(path, model, { sampler: 'multistep', times: JSON.stringify(times), images });
  const card = await cardOf(name, task, about, model, times, search);
  await writeFileAtomic(cardFile(name), `${JSON.stringify(card, null, 1)}\n`);
  await writeFileAtomic(path.replace(/\.safetensors$/, '.md'), markdownOf(name, card));
  await drawSheet(name, task, about, model, times);
  console.log(`wrote ${path}, its card and figures/generator_${name}: ${images} of ${GENERATORS[name].images} images`);
};

const main = async (): Promise<void> => {
  const name = positionals[0] as Name;
  if (positionals.length !== 1 || !NAMES.includes(name))
    throw new Error(`usage: npm run generator -- ${NAMES.join('|')} [--for 2h] [--folder DIR] [--search|--draw]`);
  const seconds = values.for === undefined ? Infinity : secondsOf('--for', values.for);
  await selectBackend();
  const task = await imageTask({ teacher: GENERATORS[name].teacher });
  try {
    if (values.draw) {
      const { times, ...model } = await loadModel(name);
      return await drawSheet(name, task, aboutShipped(name), model, times ?? task.times);
    }
    if (values.search) return await ship(name, task, aboutShipped(name), await loadModel(name));
    const made = await train(name, task, seconds);
    if (made === undefined) throw new Error(`${values.folder} holds nothing of ${name} yet`);
    const { run } = made;
    const model = { denoiser: run.method.denoisers.phi!, parameters: run.parameters('ema') };
    await ship(name, task, aboutRun(name, made), model);
    run.dispose();
  } finally {
    await task.dispose();
  }
};

void main().catch((error: unknown) => {
  console.error((error as Error).message);
  process.exitCode = 1;
});
