// Times ways to a Fréchet distance, tr sqrt(A B) above all, and the statistics before it, once each: at 2048 dimensions
// the slow ones take minutes. Other work on the machine lengthens wall times: CPU times tell more. Rows are stored one
// by one in bench/frechet.json, in place of those of the same way and sizes.
import type { Points } from '../src/compute/host-arrays';
import { existsSync, readFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { EigenvalueDecomposition, Matrix } from 'ml-matrix';
import { writeFileAtomic } from '../src/checkpoints';
import { expectInteger, expectOneOf } from '../src/compute/check';
import { normalRows } from '../src/compute/noise';
import { product, productTransposed, transposed } from '../src/compute/onnx/products';
import { featureStatistics, type FeatureStatistics } from '../src/metrics';
import { covarianceFactor } from '../src/metrics/covariance-factor';
import { rootTraceHere } from '../src/metrics/root-trace';
import { provenance } from './provenance';

type Way = (a: Float64Array, b: Float64Array, d: number) => Promise<number>;

const roots = (values: number[]): number[] => {
  const rounding = values.length * Number.EPSILON * Math.max(...values);
  return values.map(value => (value > rounding ? Math.sqrt(value) : 0));
};

const eigen = (matrix: Float64Array, d: number): EigenvalueDecomposition =>
  new EigenvalueDecomposition(Matrix.from1DArray(d, d, matrix), { assumeSymmetric: true });

const total = (values: number[]): number => values.reduce((sum, value) => sum + value, 0);

/** A = V L V^T, then the eigenvalues of L^1/2 V^T B V L^1/2. */
const twoDecompositions: Way = async (a, b, d) => {
  const { realEigenvalues, eigenvectorMatrix } = eigen(a, d);
  const scale = roots(realEigenvalues);
  const columns = Float64Array.from(
    eigenvectorMatrix.transpose().to1DArray(),
    (v, at) => v * scale[Math.floor(at / d)],
  );
  const inner = await productTransposed(columns, await product(columns, b, { n: d, m: d, k: d }), { n: d, m: d, k: d });
  return total(roots(eigen(inner, d).realEigenvalues));
};

/** The eigenvalues of S R^T R S^T for factors of A and B. */
const factorsAndEigenvalues: Way = async (a, b, d) => {
  const [r, s] = [covarianceFactor(a, d), covarianceFactor(b, d)];
  const m = await productTransposed(s.rows, r.rows, { n: s.rank, m: r.rank, k: d });
  const inner = await productTransposed(m, m, { n: s.rank, m: s.rank, k: r.rank });
  return total(roots(eigen(inner, s.rank).realEigenvalues));
};

/**
 * The polar factor U of M = R S^T by X <- (3 X - X X^T X) / 2: the sum of singular values is <U, M>. It ends when the sum
 * stands still, which a gap in the spectrum can fool: to be sure of singular values of 1e-11 it must take 65 steps.
 */
const newtonSchulz: Way = async (a, b, d) => {
  const [r, s] = [covarianceFactor(a, d), covarianceFactor(b, d)];
  const [n, k] = [r.rank, s.rank];
  const m = await productTransposed(r.rows, s.rows, { n, m: k, k: d });
  const norm = Math.sqrt(m.reduce((sum, v) => sum + v * v, 0)); // singular values are then at most 1
  let x = m.map(value => value / norm);
  let [before, value] = [0, -1];
  for (let step = 0; step < 100 && Math.abs(value - before) > 1e-12 * Math.abs(value); step++) {
    const turned = transposed(x, n, k);
    const inner = await productTransposed(turned, turned, { n: k, m: k, k: n }); // X^T X
    const cubed = await productTransposed(x, inner, { n, m: k, k });
    x = x.map((v, at) => 1.5 * v - 0.5 * cubed[at]);
    [before, value] = [value, x.reduce((sum, v, at) => sum + v * m[at], 0)];
  }
  return value;
};

const WAYS: Record<string, Way> = {
  'factors, singular values': (a, b, d) => rootTraceHere({ a, b, d }),
  'factors, singular values, no ONNX Runtime': (a, b, d) => rootTraceHere({ a, b, d, engine: 'loops' }),
  'factors, Newton-Schulz': newtonSchulz,
  'factors, eigenvalues': factorsAndEigenvalues,
  'two eigenvalue decompositions': twoDecompositions,
};
const SIZES = [[64, 1000], [512, 2000], [1024, 4000], [2048, 1000], [2048, 8000]] as const; // prettier-ignore

type Row = { way: string; d: number; n: number; wall_s: number; cpu_s: number; load: number; root_trace?: number };
const RESULTS = join(__dirname, 'frechet.json');

/** Rectified normals with scales that fall by e^4, mixed a little: features of a network look like that. */
const points = (n: number, d: number, seed: number): Points => {
  const data = normalRows({ seed, stream: 'bench' }, 0, n, d);
  for (let p = 0; p < n; p++)
    for (let i = d - 1; i > 0; i--)
      data[p * d + i] = Math.max(0, 0.8 * data[p * d + i] + 0.6 * data[p * d + i - 1]) * Math.exp((-4 * i) / d);
  return { data, n, d };
};

const timed = async <T>(
  work: () => Promise<T>,
): Promise<{ result: T; wall_s: number; cpu_s: number; load: number }> => {
  const [start, used] = [performance.now(), process.cpuUsage()];
  const result = await work();
  const { user, system } = process.cpuUsage(used);
  const rounded = (seconds: number): number => Number(seconds.toPrecision(4));
  return {
    result,
    wall_s: rounded((performance.now() - start) / 1e3),
    cpu_s: rounded((user + system) / 1e6),
    load: rounded(loadavg()[0]),
  };
};

const store = async (row: Row): Promise<void> => {
  const key = ({ way, d, n }: Row): string => [way, d, n].join();
  const stored = existsSync(RESULTS) ? (JSON.parse(readFileSync(RESULTS, 'utf8')) as { rows: Row[] }).rows : [];
  const rows = [...stored.filter(other => key(other) !== key(row)), { ...row, ...provenance() }];
  rows.sort((a, b) => a.d - b.d || a.n - b.n || (a.way < b.way ? -1 : 1));
  await writeFileAtomic(RESULTS, `${JSON.stringify({ rows }, null, 2)}\n`);
  console.log(
    [row.way.padEnd(42), row.d, row.n, `${row.wall_s} s`, `CPU ${row.cpu_s} s`, row.root_trace ?? ''].join('  '),
  );
};

const main = async (): Promise<void> => {
  const { values } = parseArgs({
    options: { way: { type: 'string', multiple: true }, d: { type: 'string', multiple: true } },
  });
  const ways = values.way?.map(name => expectOneOf('bench', 'way', name, Object.keys(WAYS))) ?? Object.keys(WAYS);
  const sizes = values.d?.map(d => expectInteger('bench', 'd', Number(d))) ?? SIZES.map(([d]) => d as number);
  for (const [d, n] of SIZES.filter(([size]) => sizes.includes(size))) {
    const sets: FeatureStatistics[] = [];
    for (const seed of [1, 2]) {
      const set = points(n, d, seed);
      const { result, ...times } = await timed(() => featureStatistics(set));
      if (seed === 2) await store({ way: 'statistics', d, n, ...times });
      sets.push(result);
    }
    const [a, b] = sets.map(({ covariance }) => covariance);
    for (const way of ways) {
      const { result, ...times } = await timed(() => WAYS[way](a, b, d));
      await store({ way, d, n, ...times, root_trace: result });
    }
  }
};

void main();
