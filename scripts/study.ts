/*
 * npm run study -- cifar10|digits|settings [ARM...] [--data FOLDER] [--for 2h] [--out FOLDER]: the long trainings, resumable; then
 * `--measure`. ARM is 'teacher' or a name of LONG_STUDIES; none: all.
 */
import { join } from 'node:path';
import { selectBackend } from '../src/compute/backend';
import { workTexts } from '../src/command-line/working-line';
import { LONG_STUDIES, type LongStudy, type LongStudyName, studyFolder } from '../src/studies';
import { secondsOf, timerOf } from './seconds';
import { carriedData, studyData } from './study/data';
import {
  drawBeside,
  drawGenerator,
  drawOneCalls,
  drawSamples,
  drawSearched,
  drawShipped,
  drawStudy,
} from './study/draw';
import { measureOneCalls, measureStudy, searchStudy } from './study/measure';
import { searchShipped, shipArm, shippedOf } from './study/ship';
import {
  besideStored,
  type SearchedRow,
  searchedRows,
  storedCalls,
  storedEnds,
  storedPoints,
  storedSearched,
} from './study/stored';
import { studyArguments } from './study/options';
import { compileArms, type Overrides, trainStudy } from './study/train';

const USAGE = `npm run study -- ${Object.keys(LONG_STUDIES).join('|')} [ARM...]

  --data FOLDER       of CIFAR-10, its binary version; the others need none
  --for TIME          stops after so long, as 90s, 45m, 2h; the same command goes on
  --to IMAGES         trains generators so far at most
  --out FOLDER        where everything is kept (runs/study)
  --engine NAME       xla, onnx or eager; default: the best that is there
  --precision NAME    of products on a GPU: float32, tf32 or bf16
  --carried FOLDER    training images that were carried here, in place of --data
  --await-teacher     another process trains the teacher
  --compile           only compiles the programs of the arms, for a GPU's cache
  --measure           measures what is there, in place of training, and draws it: figures/study_*; with ARMs these alone,
                      beside the other numbers that the figures have
  --one-call          measures one call from real images at each noise level, and draws figures/study_*_one_call; with ARMs
                      of these alone
  --draw              draws the charts again from the numbers that they have
  --beside FILE       draws CoSIM's ends beside those in another machine's study_*_quality.json
  --search            searches the sampling times of the last milestones, and draws figures/study_*_searched
  --shipped           with --search: those of the study's shipped generator, in place of milestones; writes it anew
  --steps N,N         with --shipped: numbers of steps to search (2,4)
  --ship ARM          after measuring, searches its times and makes it a shipped generator: data/generators
  --features NAME     network that looks at the images: mobilenet, digits, a file; default: mobilenet for cifar10, else digits
  --at N,N            measures at these numbers of training images only, and the finished teacher`;

const PAUSE = 5_000; // ms between two lines

const given = (): ReturnType<typeof studyArguments> => {
  try {
    return studyArguments(process.argv.slice(2));
  } catch (error) {
    console.error((error as Error).message);
    process.exit(1);
  }
};

const { command, positionals, values } = given();
const OUT = values.out ?? join('runs', 'study');

const expectNames = (): { name: LongStudyName; asked: string[] } => {
  const [name, ...asked] = positionals;
  if (!Object.hasOwn(LONG_STUDIES, name ?? '')) throw new Error(USAGE);
  const { arms }: LongStudy = LONG_STUDIES[name as LongStudyName];
  for (const arm of asked)
    if (arm !== 'teacher' && !Object.hasOwn(arms, arm))
      throw new Error(`${name} has no arm '${arm}'; known: teacher, ${Object.keys(arms).join(', ')}`);
  return { name: name as LongStudyName, asked };
};

/** Why the process was stopped, and how it ends then: well, where it was for --for. */
let stopped: { reason: Error; code: number } | undefined;

/** Stops at the end of --for, and when it is asked to. */
const stopping = (): AbortSignal => {
  const stop = new AbortController();
  const end = (why: string, code: number) => () => {
    stopped = { reason: new Error(`${why}; the same command goes on`), code };
    stop.abort(stopped.reason);
  };
  if (values.for !== undefined) setTimeout(end('the time is over', 0), timerOf(secondsOf('--for', values.for))).unref();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, end('stopped', 130));
  return stop.signal;
};

/** At most a line every few seconds. */
const lines = (): ((stage: string, done: number, total: number, note?: string) => void) => {
  const textOf = workTexts();
  let shown = -Infinity;
  return (stage, done, total, note) => {
    const text = textOf({ stage, done, total, note });
    if (performance.now() - shown < PAUSE && done < total) return;
    shown = performance.now();
    console.log(text);
  };
};

const train = async (name: LongStudyName, asked: readonly string[], signal: AbortSignal): Promise<void> => {
  const { arms }: LongStudy = LONG_STUDIES[name];
  const wanted = asked.length > 0 ? asked : ['teacher', ...Object.keys(arms)];
  const { carried, data, engine, precision } = values;
  const line = lines();
  const dataset = carried === undefined ? (await studyData(name, data)).train : await carriedData(name, carried);
  const overrides = {
    ...(engine !== undefined && { engine }),
    ...(precision !== undefined && { precision }),
  } as Overrides;
  if (values.compile) {
    const onCompile = (arm: string, seconds: number) => console.log(`${arm}: compiled in ${seconds.toFixed(1)} s`);
    return compileArms({ name, wanted, train: dataset, overrides, onCompile });
  }
  await trainStudy({
    name,
    wanted,
    train: dataset,
    out: join(OUT, studyFolder(name)),
    overrides,
    to: Number(values.to ?? Infinity),
    awaitTeacher: values['await-teacher'] ?? false,
    signal,
    onReport: (stage, { images, psiLoss, phiLoss, phiScoreGap = psiLoss ?? phiLoss }, total) =>
      line(stage, images, total, `loss ${phiScoreGap.toPrecision(4)}`),
  });
};

const sameTraining = (a: Pick<SearchedRow, 'series' | 'seed'>, b: Pick<SearchedRow, 'series' | 'seed'>): boolean =>
  a.series === b.series && a.seed === b.seed;

const tellSearched = (searched: readonly SearchedRow[]): void => {
  for (const { series, seed, steps, times, value } of searched)
    console.log(
      `${series}, seed ${seed}, ${steps} steps at ${times.map(t => t.toPrecision(3)).join(', ')}: fd ${value}`,
    );
};

const measure = async (name: LongStudyName, asked: readonly string[], signal: AbortSignal): Promise<void> => {
  const { data, features = name === 'cifar10' ? 'mobilenet' : 'digits' } = values;
  const at = values.at?.split(',').map(Number);
  const images = await studyData(name, data);
  const out = join(OUT, studyFolder(name));
  const given = { name, data: images, out, features, at, signal, onProgress: lines() };
  const wanted = asked.length > 0 ? { wanted: asked } : {};
  if (command === 'one-call') return drawOneCalls(name, await measureOneCalls({ ...given, ...wanted }));
  if (values.shipped) {
    const {
      path,
      searched: points,
      beside,
    } = await searchShipped(given, (values.steps ?? '2,4').split(',').map(Number));
    const now = searchedRows(points);
    const isNow = (old: SearchedRow) => now.some(row => sameTraining(row, old) && row.steps === old.steps);
    const before = (await storedSearched(name)).filter(old => !isNow(old));
    const searched = [...before, ...now].sort((a, b) => a.steps - b.steps);
    tellSearched(searched);
    await drawSearched(name, searched, beside);
    await drawShipped(name, images, path, searched);
    return console.log(`wrote ${path}`);
  }
  if (command === 'search') {
    const searched = searchedRows(await searchStudy(given));
    const last = Math.max(...searched.map(point => point.images));
    tellSearched(searched);
    return drawSearched(name, searched, await measureStudy({ ...given, at: [last] }));
  }
  const points = await measureStudy({ ...given, ...wanted });
  for (const { series, seed, images, steps, results } of points)
    console.log(
      `${series}, seed ${seed}, ${images} images, NFE ${steps}: ${results.map(result => `${result.metric} ${result.value.toPrecision(4)}`).join(', ')}`,
    );
  const stored = asked.length > 0 || at !== undefined ? await storedPoints(name) : [];
  const all = besideStored(stored, points);
  await drawStudy(name, all);
  if (asked.length === 0) await drawSamples(name, images, out);
  const searched = asked.length > 0 ? await storedSearched(name) : [];
  if (searched.length > 0) await drawSearched(name, searched, all);
  if (values.ship !== undefined) {
    const { generator, path, madeBy } = await shipArm(given, values.ship, points);
    await drawGenerator(name, generator, images, madeBy);
    console.log(`wrote ${path}`);
  }
};

/** Draws all charts again, of what their files have. */
const drawAgain = async (name: LongStudyName): Promise<void> => {
  const [points, searched, calls] = [await storedPoints(name), await storedSearched(name), await storedCalls(name)];
  if (points.length === 0) throw new Error(`there are no figures of ${name} yet: --measure draws them`);
  await drawStudy(name, points);
  if (searched.length > 0) await drawSearched(name, searched, points);
  if (calls.length > 0) await drawOneCalls(name, calls);
};

const expectCounts = (option: string, text: string | undefined): void => {
  for (const count of text?.split(',') ?? [])
    if (!(Number(count) >= 1) || Number(count) % 1 > 0)
      throw new Error(`--${option} must be whole numbers from 1, got '${text}'`);
};

const main = async (): Promise<void> => {
  if (values.help) return console.log(USAGE);
  expectCounts('to', values.to);
  expectCounts('at', values.at);
  expectCounts('steps', values.steps);
  const { name, asked } = expectNames();
  if (values.ship !== undefined) shippedOf(name, values.ship);
  if (asked.length > 0 && values.ship !== undefined && !asked.includes(values.ship))
    throw new Error(`--ship ${values.ship} is not among the arms that are measured: ${asked.join(', ')}`);
  if (command === 'draw') return drawAgain(name);
  if (values.beside !== undefined)
    return drawBeside(name, [await storedEnds(name), await storedEnds(name, values.beside)]);
  const signal = stopping();
  await selectBackend();
  await (command === 'train' || command === 'compile' ? train(name, asked, signal) : measure(name, asked, signal));
};

void main()
  .catch((error: unknown) => {
    const isStop = stopped !== undefined && (error === stopped.reason || (error as Error).name === 'AbortError');
    console.error((isStop ? stopped!.reason : (error as Error)).message);
    process.exitCode = isStop ? stopped!.code : 1;
  })
  .finally(() => process.exit());
