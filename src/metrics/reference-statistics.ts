import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { basename, extname } from 'node:path';
import { pipeline } from 'node:stream/promises';
import {
  CheckpointError,
  fitsChecksum,
  readCheckpoint,
  readSafetensors,
  type Safetensors,
  writeFileAtomic,
  writeKeptTensors,
} from '../checkpoints';
import { ArgumentError, expectInteger, expectKeys, fail } from '../compute/check';
import type { MadeBy } from '../provenance';
import { featureIdentity, type FeatureIdentity } from './feature-extractor';
import type { FeatureStatistics } from './feature-statistics';
import { npzPieces, type NumpyArray, readNpz } from './npz';
import { expectSameFeatures, type WithFeatures } from './same-features';

/** Where the images came from: file, sha256, licence, options, ... */
export type Source = Readonly<Record<string, string | number>>;

/** Statistics that others are compared with, as files keep them. `n` is NaN where the file does not tell. */
export type ReferenceStatistics = FeatureStatistics &
  WithFeatures & {
    /** Where they come from. */
    source: Source;
    /** What computed them; none: the file does not tell. */
    madeBy?: readonly MadeBy[];
  };

/** What EDM's files do not hold. Of a file that does hold it, it must be the same. */
export type LoadStatisticsOptions = {
  /** Images they are of. */
  n?: number;
  features?: FeatureIdentity;
  /** Added to what is known. */
  source?: Source;
  /** Which statistics of EDM2's .pkl, which holds those of several networks: 'fid' or 'fd_dinov2'; default: the only ones. */
  part?: string;
};

const FORMAT = 'cosim statistics 1';
const LARGEST = 8192; // dimensions: a covariance of half a GiB
const ASYMMETRY = 1e-6; // of the two deviations: more is no rounding

/** Thrown for a file whose content is no mean and covariance. */
export class StatisticsError extends Error {
  override name = 'StatisticsError';
}

/** Makes statistics of arrays that may be anything. */
const checked = (path: string, mean: NumpyArray, covariance: NumpyArray): Omit<FeatureStatistics, 'n'> => {
  const refuse = (what: string): never => {
    throw new StatisticsError(`${path}: ${what}`);
  };
  const d = mean.shape[0];
  if (mean.shape.length !== 1 || !(d >= 1 && d <= LARGEST))
    refuse(`the mean has the shape [${mean.shape.join(', ')}]; [d] with d from 1 to ${LARGEST} is expected`);
  if (covariance.shape.length !== 2 || covariance.shape.some(size => size !== d))
    refuse(
      `the covariance has the shape [${covariance.shape.join(', ')}]; [${d}, ${d}] is expected, as the mean has ${d}`,
    );
  const { data } = covariance;
  if (![mean.data, data].every(numbers => numbers.every(Number.isFinite)))
    refuse('it holds numbers that are not finite');
  const symmetric = new Float64Array(d * d);
  for (let i = 0; i < d; i++) {
    if (data[i * d + i] < 0) refuse(`the variance of feature ${i} is ${data[i * d + i]}`);
    for (let j = 0; j <= i; j++) {
      const [value, other] = [data[i * d + j], data[j * d + i]];
      if (Math.abs(value - other) > ASYMMETRY * Math.sqrt(data[i * d + i] * data[j * d + j]))
        refuse(`the covariance is not symmetric: ${value} and ${other} at ${i}, ${j}`);
      symmetric[i * d + j] = symmetric[j * d + i] = (value + other) / 2;
    }
  }
  return { d, mean: mean.data, covariance: symmetric };
};

const sha256Of = async (path: string): Promise<string> => {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
};

const fromNpz = async (path: string): Promise<ReferenceStatistics> => {
  const { mu, sigma } = await readNpz(path, ['mu', 'sigma'], (name, before) =>
    name === 'mu' ? LARGEST : before.mu.data.length ** 2,
  );
  return { n: NaN, ...checked(path, mu, sigma), source: { file: basename(path), sha256: await sha256Of(path) } };
};

const fromPickle = async (path: string, part?: string): Promise<ReferenceStatistics> => {
  const { tensors } = await readCheckpoint(path);
  const parts = Object.keys(tensors).flatMap(name => /^(?:(.*)\.)?mu$/.exec(name)?.slice(1) ?? []);
  const names = parts.map(name => name ?? '').filter(name => `${name && `${name}.`}sigma` in tensors);
  const chosen = part ?? (names.length === 1 ? names[0] : undefined);
  if (chosen === undefined || !names.includes(chosen))
    throw new StatisticsError(
      names.length === 0
        ? `${path}: it holds no 'mu' and 'sigma'`
        : `${path}: it holds statistics of ${names.join(', ')}; ${chosen === undefined ? 'say which: \`part\`' : `none of '${chosen}'`}`,
    );
  const array = (name: string): NumpyArray => {
    const { data, shape, dtype } = tensors[`${chosen && `${chosen}.`}${name}`];
    if (data instanceof BigInt64Array || data instanceof BigUint64Array)
      throw new StatisticsError(`${path}: '${name}' is of ${dtype}; floats are expected`);
    return { data: Float64Array.from(data), shape };
  };
  const source = { file: basename(path), sha256: await sha256Of(path), ...(chosen && { part: chosen }) };
  return { n: NaN, ...checked(path, array('mu'), array('sigma')), source };
};

/** JSON of a safetensors' metadata, checked by `isRight`. */
const parseJson = <T>(path: string, key: string, text: string | undefined, isRight: (value: T) => boolean): T => {
  try {
    const value = JSON.parse(text ?? '') as T;
    if (isRight(value)) return value;
  } catch {
    // told below
  }
  throw new StatisticsError(
    `${path}: its '${key}' is ${text === undefined ? 'missing' : `not as it must be: ${text.slice(0, 80)}`}`,
  );
};

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isIdentity = (value: FeatureIdentity | null): boolean =>
  value === null ||
  (isRecord(value) &&
    [value.name, value.sha256, value.preprocessing].every(text => typeof text === 'string') &&
    Number.isInteger(value.d));
const isSource = (value: Source): boolean =>
  isRecord(value) && Object.values(value).every(entry => typeof entry === 'string' || Number.isFinite(entry));

const float64 = (path: string, { tensors }: Safetensors, name: string): NumpyArray => {
  const tensor = (tensors as Partial<Safetensors['tensors']>)[name];
  if (tensor?.dtype !== 'F64')
    throw new StatisticsError(
      `${path}: its tensor '${name}' is ${tensor ? `of ${tensor.dtype}` : 'missing'}; F64 is expected`,
    );
  return { data: tensor.data as Float64Array, shape: tensor.shape };
};

const fromSafetensors = async (path: string): Promise<ReferenceStatistics> => {
  const content = await readSafetensors(path);
  const { format, n, features, source, madeBy } = content.metadata as Partial<Record<string, string>>;
  if (fitsChecksum(content) === false)
    throw new CheckpointError('checksum', `${path}: damaged, it does not fit its checksum`);
  if (format !== FORMAT) throw new StatisticsError(`${path}: its format is '${format}'; '${FORMAT}' is expected`);
  const statistics = checked(path, float64(path, content, 'mean'), float64(path, content, 'covariance'));
  const count = parseJson<number | null>(
    path,
    'n',
    n,
    value => value === null || (Number.isInteger(value) && value >= 2),
  );
  const identity = parseJson<FeatureIdentity | null>(path, 'features', features, isIdentity);
  if (identity && identity.d !== statistics.d)
    throw new StatisticsError(`${path}: ${statistics.d} dimensions, but its features have ${identity.d}`);
  return {
    n: count ?? NaN,
    ...statistics,
    ...(identity && { features: identity }),
    source: parseJson<Source>(path, 'source', source, isSource),
    ...(madeBy !== undefined && { madeBy: parseJson<readonly MadeBy[]>(path, 'madeBy', madeBy, Array.isArray) }),
  };
};

const FORMATS = { '.safetensors': fromSafetensors, '.npz': fromNpz, '.pkl': fromPickle } as const;

const formatOf = (where: string, path: string): keyof typeof FORMATS => {
  const end = extname(path).toLowerCase();
  return end in FORMATS
    ? (end as keyof typeof FORMATS)
    : fail(where, 'path', 'a name that ends in .safetensors, .npz or .pkl', path);
};

/**
 * Reads statistics: our .safetensors, EDM's .npz with `mu` [d] and `sigma` [d, d], or EDM2's .pkl with one or several of
 * those (`part`). Of n and features of the latter nothing is known but what the options tell.
 * @throws StatisticsError, NpzError or CheckpointError, with the path, for a file that is damaged or holds something else;
 * ArgumentError for another ending, or options that contradict the file; Node's error where it cannot be read
 */
export const loadStatistics = async (
  path: string,
  options: LoadStatisticsOptions = {},
): Promise<ReferenceStatistics> => {
  const where = 'loadStatistics';
  expectKeys(where, options, ['n', 'features', 'source', 'part']);
  const { n, features, source, part } = options;
  if (n !== undefined) expectInteger(where, 'n', n, { min: 2 });
  const format = formatOf(where, path);
  if (part !== undefined && format !== '.pkl')
    fail(where, 'part', 'left out: the file holds one mean and covariance', part);
  const found = await FORMATS[format](path, part);
  if (n !== undefined && !Number.isNaN(found.n) && found.n !== n) fail(where, 'n', `that of the file, ${found.n}`, n);
  if (features && features.d !== found.d) fail(where, 'features.d', `that of the file, ${found.d}`, features.d);
  expectSameFeatures(where, { features }, found);
  const known = found.features ?? features;
  return {
    ...found,
    n: n ?? found.n,
    ...(known && { features: featureIdentity(known) }),
    source: { ...found.source, ...source },
  };
};

/**
 * Writes statistics, whole or not at all: `.safetensors` with all that is known of them, `.npz` as EDM's with mean and
 * covariance alone.
 * @throws ArgumentError for another ending or statistics that `loadStatistics` would refuse; Node's error where the file
 * cannot be written
 */
export const saveStatistics = async (path: string, statistics: ReferenceStatistics): Promise<void> => {
  const where = 'saveStatistics';
  const format = formatOf(where, path);
  if (format === '.pkl') fail(where, 'path', 'a name that ends in .safetensors or .npz', path);
  const { n, d, features, source, madeBy } = statistics;
  if (!Number.isNaN(n)) expectInteger(where, 'n', n, { min: 2 });
  if (features && features.d !== d) fail(where, 'features.d', `${d}`, features.d);
  if (!isSource(source)) fail(where, 'source', 'a record of texts and numbers', source);
  const mean = { data: statistics.mean, shape: [d] };
  const covariance = { data: statistics.covariance, shape: [d, d] };
  if (mean.data.length !== d || covariance.data.length !== d * d)
    fail(where, 'statistics', `${d} means and [${d}, ${d}] covariances`, [mean.data.length, covariance.data.length]);
  try {
    checked(where, mean, covariance);
  } catch (error) {
    throw new ArgumentError((error as Error).message);
  }
  if (format === '.npz') return writeFileAtomic(path, await npzPieces({ mu: mean, sigma: covariance }));
  await writeKeptTensors(
    path,
    { mean: { dtype: 'F64', ...mean }, covariance: { dtype: 'F64', ...covariance } },
    {
      format: FORMAT,
      n: JSON.stringify(Number.isNaN(n) ? null : n),
      features: JSON.stringify(features ? featureIdentity(features) : null),
      source: JSON.stringify(source),
      ...(madeBy && { madeBy: JSON.stringify(madeBy) }),
    },
  );
};
