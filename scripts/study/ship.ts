/* A generator of a long study as a shipped one: its weights, and its card from what was measured. */
import { createHash } from 'node:crypto';
import { copyFile, mkdir, readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { writeFileAtomic } from '../../src/checkpoints';
import { SAMPLING_TIMES } from '../../src/diffusion';
import { loadFeatures } from '../../src/evaluation';
import { spread } from '../../src/metrics';
import { generatorFile, type GeneratorName, GENERATORS, loadModel } from '../../src/models';
import { parameterCount, saveModel } from '../../src/networks';
import { distinctMadeBy, type MadeBy } from '../../src/provenance';
import { edmStart } from '../../src/samplers';
import {
  LONG_STUDIES,
  type LongStudy,
  type LongStudyName,
  measureMilestones,
  type Milestone,
  type SearchedPoint,
  searchMilestone,
  type StudyPoint,
} from '../../src/studies';
import { keptArms, type MeasureStudy, SEARCH_N, searchStudy } from './measure';
import { storedPoints } from './stored';

const cardFile = (name: GeneratorName): string => generatorFile(name).replace(/\.safetensors$/, '.json');

type Quality = Pick<StudyPoint, 'steps' | 'results' | 'madeBy'>;

/** What is known of a shipped generator, as its JSON file has it. */
type Card = {
  command: string;
  madeBy: readonly MadeBy[];
  engine: Milestone['engine'];
  weights: { file: string; sha256: string; floats: string };
  teacher: LongStudy['teacher'];
  network: object;
  training: { seed: number; images: number; seconds: number; [option: string]: unknown };
  data: object;
  /** By number of steps. */
  times: Readonly<Record<number, readonly number[]>>;
  /** How those that were searched were found. */
  search?: { steps: readonly number[]; n: number; madeBy: readonly MadeBy[] };
  quality: readonly Quality[];
  /** At the published times, where others were searched. */
  published?: readonly Quality[];
};

const range = (values: readonly number[]): string => {
  const { mean, low, high } = spread(values);
  return `${mean.toPrecision(3)} (${low.toPrecision(3)} to ${high.toPrecision(3)})`;
};

const rowsOf = (quality: readonly Quality[], times: string): string[] =>
  quality.flatMap(({ steps, results }) =>
    results.map(
      ({ metric, blocks, floor, n, features }) =>
        `| ${metric}, ${features?.name ?? ''} | ${steps} | ${times} | ${range(blocks)} | ${floor?.toPrecision(3) ?? ''} | ${n} x ${blocks.length} |`,
    ),
  );

const timesText = (times: Card['times']): string =>
  Object.values(times)
    .map(levels => `\`${levels.map(t => Number(t.toPrecision(4))).join(', ')}\``)
    .join('; ');

const searchText = ({ search }: Card): string =>
  search === undefined
    ? ''
    : `; those of ${new Intl.ListFormat('en-GB').format(search.steps.map(String))} steps searched (Algorithm 1) by ${search.n} samples a try, on seeds of their own`;

/** Whose times are taken where none were searched. */
const othersOf = ({ steps }: Quality): string => (steps in SAMPLING_TIMES ? 'published' : "EDM's");

/** Writes a generator's card, as JSON and as a page. */
const writeCard = async (name: GeneratorName, card: Card): Promise<void> => {
  const { study, arm } = GENERATORS[name];
  const { run, arms }: LongStudy = LONG_STUDIES[study];
  const { series, method, seed } = arms[arm];
  const { device, precision = 'float32' } = card.engine;
  const { images, seconds } = card.training;
  const searched = card.search?.steps ?? [];
  const rows = [
    ...card.quality.flatMap(one => rowsOf([one], searched.includes(one.steps) ? 'searched' : othersOf(one))),
    ...rowsOf(card.published ?? [], 'published'),
  ];
  const page = `# ${name}: ${series} of the long study '${study}'

Written by \`${card.command}\` from \`${name}.json\`. \`loadModel('${name}')\` loads it; weights in PyTorch's layout, half precision.

| | |
| --- | --- |
| network | \`${JSON.stringify(card.network)}\` |
| data | \`${JSON.stringify(card.data)}\` |
| method | \`${JSON.stringify(method)}\` |
| training | ${images} images in ${images / run.batch!} iterations, \`${JSON.stringify(run)}\`, seed ${seed}; the weights are the moving average |
| made by | commit ${[...new Set(card.madeBy.map(({ commit }) => commit))].join(', ')}; ${device === undefined ? `the processor, ${precision}; ${Math.round(seconds)} s` : `${device}, ${precision}; ${Math.round(seconds)} s, other trainings on the same card at the same time`} |
| weights | \`${card.weights.file}\`, SHA-256 \`${card.weights.sha256}\` |
| times | ${timesText(card.times)}${searchText(card)} |

Mean over blocks of seeds (smallest to largest):

| metric | NFE | times | value | real vs real | samples |
| --- | --- | --- | --- | --- | --- |
${rows.join('\n')}
`;
  await writeFileAtomic(cardFile(name), `${JSON.stringify(card, null, 1)}\n`);
  await writeFileAtomic(generatorFile(name).replace(/\.safetensors$/, '.md'), page);
};

const sha256OfFile = async (path: string): Promise<string> =>
  createHash('sha256')
    .update(await readFile(path))
    .digest('hex');

/**
 * The shipped generator of a study.
 * @throws Error where it has none, or this is not its arm
 */
export const shippedOf = (study: LongStudyName, arm?: string): GeneratorName => {
  const found = Object.entries(GENERATORS).find(
    ([, from]) => from.study === study && (arm === undefined || from.arm === arm),
  );
  if (found === undefined)
    throw new Error(`no shipped generator is ${arm === undefined ? '' : `${arm} `}of ${study}: see GENERATORS`);
  return found[0] as GeneratorName;
};

/** A measurement as a card has it. */
const asQuality = ({ steps, results, madeBy }: StudyPoint): Quality => ({ steps, results, madeBy });

/**
 * Writes the last milestone of an arm to data/generators, its times those that are searched for it, with a card as JSON and as a
 * page. What `given.out` keeps of searches is not searched again.
 * @param points what was measured of it at the published times
 * @returns its name and path, and what made it
 */
export const shipArm = async (
  given: MeasureStudy,
  arm: string,
  points: readonly StudyPoint[],
): Promise<{ generator: GeneratorName; path: string; madeBy: MadeBy[] }> => {
  const { name: study, data, out } = given;
  const generator = shippedOf(study, arm);
  const { run, arms, teacher }: LongStudy = LONG_STUDIES[study];
  const { series, seed, method } = arms[arm];
  const last = (await keptArms(study, data, out, [arm])).arms[0]?.milestones.at(-1);
  if (last === undefined) throw new Error(`${out} has nothing of ${arm} yet`);
  const searched = await searchStudy({ ...given, wanted: [arm], at: [last.images] });
  const path = generatorFile(generator);
  await mkdir(dirname(path), { recursive: true });
  const { denoiser, parameters, times } = await loadModel(last.file);
  const own = points.filter(point => point.series === series && point.seed === seed && point.images === last.images);
  const all = {
    ...Object.fromEntries(own.map(({ steps }) => [steps, times?.[steps] ?? SAMPLING_TIMES[steps] ?? edmStart(steps)])),
    ...Object.fromEntries(searched.map(point => [point.steps, point.times])),
  };
  const metadata = { sampler: 'multistep', times: JSON.stringify(all), images: String(last.images) };
  await saveModel(path, { denoiser, parameters }, metadata, { floats: 'F16' });
  tf.dispose(parameters);
  const isSearched = ({ steps }: Quality): boolean => searched.some(point => point.steps === steps);
  const found = searched.map(({ steps, result, madeBy }) => ({ steps, results: [result], madeBy }));
  const searchers = distinctMadeBy(searched.flatMap(({ madeBy }) => madeBy ?? []));
  await writeCard(generator, {
    command: `npm run study -- ${study} --ship ${arm}`,
    madeBy: last.madeBy,
    engine: last.engine,
    weights: { file: basename(path), sha256: await sha256OfFile(path), floats: 'F16' },
    teacher,
    network: { ...denoiser.config, parameters: parameterCount(denoiser.parameters) },
    training: { method, ...run, seed, images: last.images, seconds: last.seconds },
    data: data.train.provenance,
    times: all,
    search: { steps: searched.map(({ steps }) => steps), n: SEARCH_N, madeBy: searchers },
    quality: [...found, ...own.filter(point => !isSearched(point)).map(asQuality)].sort((a, b) => a.steps - b.steps),
    published: own.filter(isSearched).map(asQuality),
  });
  return { generator, path, madeBy: distinctMadeBy([...last.madeBy, ...searchers]) };
};

/**
 * Searches the times of a study's shipped generator, and writes it anew with what was found and what that is worth. Of the
 * milestone that it was, nothing else is needed. `given.out` keeps searches and features; what is there is not made again.
 * @returns the searched points, and beside them the generator's own at the published times and those of the teacher and other methods
 */
export const searchShipped = async (
  given: MeasureStudy,
  steps: readonly number[],
): Promise<{ path: string; searched: SearchedPoint[]; beside: StudyPoint[] }> => {
  const { name: study, data, out, features, signal, onProgress } = given;
  const name = shippedOf(study);
  const { measuring, arms }: LongStudy = LONG_STUDIES[study];
  const { series, coef, seed } = arms[GENERATORS[name].arm];
  const arm = { series, coef, seed };
  const path = generatorFile(name);
  const card = JSON.parse(await readFile(cardFile(name), 'utf8')) as Card;
  const { images, seconds } = card.training;
  const milestone = { file: path, images, seconds, madeBy: card.madeBy };
  const extractor = await loadFeatures(features);
  const judged = { ...data, extractor };
  const watch = { signal, onProgress };
  const { denoiser, parameters, times } = await loadModel(path);
  try {
    const how = { ...measuring, steps, searchN: SEARCH_N };
    const searched = await searchMilestone(milestone, arm, judged, how, out, watch);
    const found = Object.fromEntries(searched.map(point => [point.steps, point.times]));
    const all = { ...times, ...found };
    const file = join(out, basename(path)); // measured before anything takes the shipped one's place
    const metadata = { sampler: 'multistep', times: JSON.stringify(all), images: String(images) };
    await saveModel(file, { denoiser, parameters }, metadata, { floats: 'F16' });
    const points = await measureMilestones([{ ...milestone, file }], arm, judged, { ...measuring, steps }, out, watch);
    const others = card.search?.steps.filter(one => !steps.includes(one)) ?? [];
    const earlier = others.length > 0 ? (card.search?.madeBy ?? []) : []; // who found the times that stay
    const isSearched = (point: Quality): boolean => steps.includes(point.steps);
    const before = [...(card.published ?? []), ...card.quality.filter(one => !card.search?.steps.includes(one.steps))];
    const quality = [...card.quality.filter(one => !isSearched(one)), ...points.map(asQuality)].sort(
      (a, b) => a.steps - b.steps,
    );
    await copyFile(file, path);
    await writeCard(name, {
      ...card,
      command: `npm run study -- ${study} --search --shipped --steps ${steps.join(',')}`,
      weights: { ...card.weights, sha256: await sha256OfFile(path) },
      times: all,
      search: {
        steps: [...new Set([...(card.search?.steps ?? []), ...steps])].sort((a, b) => a - b),
        n: SEARCH_N,
        madeBy: distinctMadeBy([...earlier, ...searched.flatMap(({ madeBy }) => madeBy ?? [])]),
      },
      quality,
      published: before.filter(one => isSearched(one) || card.published?.includes(one)),
    });
    const own = before.map(one => ({ ...arm, images, trainingSeconds: seconds, ...one }));
    const isShipped = (point: StudyPoint) => point.series === series && point.seed === seed && point.images === images;
    const beside = (await storedPoints(study)).filter(point => !isShipped(point));
    return { path, searched, beside: [...own, ...beside] };
  } finally {
    tf.dispose(parameters);
    await extractor.dispose();
  }
};
