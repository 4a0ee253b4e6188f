import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { cpus, release, totalmem, type as osName } from 'node:os';
import { join } from 'node:path';
import { getBackend } from '@tensorflow/tfjs-core';
import { enginesUsed } from '../compute/engines-used';
import { codeHash } from './code-hash';

/** The machine that computed something. */
export type Machine = {
  /** Its name, where a worker computed it for another machine. */
  host?: string;
  cpu: string;
  cores: number;
  memoryGiB: number;
  os: string;
};

/** What computed a result, read when it was computed and stored with it. */
export type MadeBy = {
  /** Short hash, '-dirty' when tracked code differs from it; outside git that of the build, else 'unknown'. */
  commit: string;
  /** Of the code that computes it, see `codeHash`. */
  code: string;
  /**
   * Backend of TensorFlow.js ('none' when none was started), then the engines that this process has used: 'wasm, onnx',
   * 'wasm, xla on NVIDIA H200'.
   */
  engine: string;
  /** Of node and the packages that compute, by name. */
  versions: Readonly<Record<string, string>>;
  machine: Machine;
  /** When it was done: ISO 8601, UTC. */
  date: string;
  /** From its beginning to its end, other work of the process in between included. */
  seconds: number;
};

/** The folder of this package. */
const ROOT = join(__dirname, '..', '..');

const gitAt = (root: string, ...args: string[]): string =>
  execFileSync('git', args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();

/** The commit that a package was built from, which the build writes into dist/; undefined in sources. */
const builtCommit = (): string | undefined => {
  const file = join(__dirname, '..', 'commit');
  return existsSync(file) ? readFileSync(file, 'utf8').trim() : undefined;
};

/**
 * The commit that runs, as `MadeBy` has it; where this package is no checkout of its own, the one that it was built from:
 * the repository that it is used or installed in has other commits. Figures and notebooks are left out of '-dirty': a run
 * rewrites them.
 * @param root folder of the package
 */
export const commitHash = (root = ROOT): string => {
  try {
    const git = (...args: string[]): string => gitAt(root, ...args);
    if (realpathSync(git('rev-parse', '--show-toplevel')) !== realpathSync(root)) return builtCommit() ?? 'unknown';
    const hash = git('rev-parse', '--short', 'HEAD');
    const paths = [':(top)', ':(top,exclude)figures', ':(top,exclude)notebooks', ':(top,exclude)*.md'];
    const changed = git('status', '--porcelain', '--untracked-files=no', '--', ...paths);
    return changed === '' ? hash : `${hash}-dirty`;
  } catch {
    return builtCommit() ?? 'unknown';
  }
};

/** To hundredths. */
const round = (seconds: number): number => Math.round(100 * seconds) / 100;

/** The machine that this process runs on. */
export const thisMachine = (): Machine => {
  const processors = cpus();
  return {
    cpu: processors[0]?.model ?? 'unknown',
    cores: processors.length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    os: `${osName()} ${release()}`,
  };
};

type Package = Record<'dependencies' | 'optionalDependencies', Readonly<Record<string, string>>> & { version: string };

const COMPUTING = ['@tensorflow/tfjs-core', 'onnxruntime-node', 'sharp'] as const;

let versions: Readonly<Record<string, string>> | undefined;

/** package.json pins its versions exactly, so what it names is what runs. */
const packageVersions = (): Readonly<Record<string, string>> => {
  if (versions !== undefined) return versions;
  const { version, ...manifest } = JSON.parse(
    readFileSync(join(__dirname, '..', '..', 'package.json'), 'utf8'),
  ) as Package;
  const dependencies = { ...manifest.dependencies, ...manifest.optionalDependencies };
  const named = COMPUTING.flatMap(name => (name in dependencies ? [[name, dependencies[name]]] : []));
  return (versions = Object.fromEntries([['cosim', version], ['node', process.version.slice(1)], ...named]) as Readonly<
    Record<string, string>
  >);
};

/** The version of this package. */
export const packageVersion = (): string => packageVersions().cosim;

/**
 * To be called when a computation begins: a commit made while it runs has not computed it.
 * @param file `__filename` of the module that computes
 * @returns what made the result, to be called when it is there; seconds of `parts` made meanwhile are theirs, not its own
 * @throws ArgumentError for a file that is no module of the library
 * @example
 * const done = beginMaking(__filename);
 * const result = await compute();
 * await store({ result, madeBy: [done()] });
 */
export const beginMaking = (file: string): ((parts?: readonly MadeBy[]) => MadeBy) => {
  const [began, date] = [performance.now(), new Date().toISOString()];
  const [commit, code] = [commitHash(), codeHash(file)];
  const secondsOf = (parts: readonly MadeBy[]): number =>
    [...new Set(parts)].reduce((sum, part) => sum + (part.date >= date ? part.seconds : 0), 0);
  return (parts = []) => ({
    commit,
    code,
    engine: [getBackend() ?? 'none', ...enginesUsed()].join(', '),
    versions: packageVersions(),
    machine: thisMachine(),
    date: new Date().toISOString(),
    seconds: round(Math.max(0, (performance.now() - began) / 1000 - secondsOf(parts))),
  });
};

/** Equal for results that differ in no more than when they were made and how long it took. */
export const makerKey = ({ date: _date, seconds: _seconds, ...rest }: MadeBy): string => JSON.stringify(rest);

/**
 * Those that differ in more than time: of equal ones the latest date and all seconds; one and the same record, which many
 * rows share or have copies of, counts once. In the order of their first.
 */
export const distinctMadeBy = (all: readonly MadeBy[]): MadeBy[] => {
  const known = new Map<string, MadeBy>();
  for (const made of new Map(all.map(one => [JSON.stringify(one), one])).values()) {
    const earlier = known.get(makerKey(made));
    const date = earlier && earlier.date > made.date ? earlier.date : made.date;
    known.set(makerKey(made), { ...made, date, seconds: round((earlier?.seconds ?? 0) + made.seconds) });
  }
  return [...known.values()];
};
