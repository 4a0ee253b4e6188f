import type { Points } from '../../src/compute/host-arrays';
import {
  densityCoverage,
  energyDistance,
  inceptionScore,
  kidOnSubsets,
  kidUnbiased,
  manifold,
  mmd,
  precisionRecall,
  slicedWassersteinAlong,
  wasserstein,
  wasserstein1d,
} from '../../src/metrics';
import type { Fixture, Json } from './fixture';
import { absent, array, exact, type Measure, scalar, TYPICAL } from './measure';

export const pointsOf = ({ host }: Fixture, name: string): Points => {
  const { data, shape } = host(name);
  return { data: Float32Array.from(data as Float32Array), n: shape[0], d: shape[1] };
};

/** A result in float64 on the host. */
const float64 = (quantity: string, ours: number, theirs: number): Measure =>
  scalar(quantity, ours, theirs, TYPICAL.float64);

/** One coordinate of the first `rows` points, or of all. */
const column = ({ data, n, d }: Points, axis: number, rows = n): Points => ({
  data: Float32Array.from({ length: rows }, (_, i) => data[i * d + axis]),
  n: rows,
  d: 1,
});

type Kid = Record<'unbiased_full' | 'biased_full' | 'mean' | 'std', number> & {
  subset_indices: Record<'real' | 'fake', number[]>[];
};
type Prdc = Record<'k' | 'precision' | 'recall' | 'density' | 'coverage', number> & {
  radii_real_first5: number[];
  radii_fake_first5: number[];
};

const kid = async (fake: Points, real: Points, recorded: Kid): Promise<Measure[]> => {
  const whole = await kidUnbiased(fake, real);
  const subsets = recorded.subset_indices.map(indices => ({ samples: indices.fake, reference: indices.real }));
  const { value, std } = await kidOnSubsets(fake, real, subsets);
  return [
    float64('KID, unbiased', whole.value, recorded.unbiased_full),
    float64('KID, biased', whole.biased, recorded.biased_full),
    float64('KID of subsets', value, recorded.mean),
    float64('KID of subsets, deviation', std, recorded.std),
  ];
};

const prdc = async (fake: Points, real: Points, recorded: Prdc): Promise<Measure[]> => {
  const { k } = recorded;
  const { precision, recall } = await precisionRecall(fake, real, { k });
  const { density, coverage } = await densityCoverage(fake, real, { k });
  const radii = async (points: Points, count: number): Promise<number[]> => {
    const { nearest } = await manifold(points, { k });
    return Array.from({ length: count }, (_, i) => nearest[i * k + k - 1]);
  };
  const { radii_real_first5: ofReal, radii_fake_first5: ofFake } = recorded;
  return [
    exact(`precision, k = ${k}`, precision, recorded.precision),
    exact(`recall, k = ${k}`, recall, recorded.recall),
    float64(`density, k = ${k}`, density, recorded.density), // a mean of counts: its last digit is the division's
    exact(`coverage, k = ${k}`, coverage, recorded.coverage),
    array(`radii of the reference, k = ${k}`, await radii(real, ofReal.length), ofReal, TYPICAL.float64),
    array(`radii of the samples, k = ${k}`, await radii(fake, ofFake.length), ofFake, TYPICAL.float64),
  ];
};

const score = (probabilities: Points, recorded: Record<'full' | 'splits_mean' | 'splits_std', number>): Measure[] => {
  const from = 'probabilities' as const;
  const { value, std } = inceptionScore(probabilities, { from, splits: 10 });
  return [
    float64('Inception Score', inceptionScore(probabilities, { from, splits: 1 }).value, recorded.full),
    float64('Inception Score, ten splits', value, recorded.splits_mean),
    float64('Inception Score, deviation', std, recorded.splits_std),
  ];
};

type Sliced = { sw2: number; per_projection_w1: number[] };

const sliced = (x: Points, y: Points, along: Points, recorded: Sliced): Measure[] => {
  const projected = (set: Points, p: number): Points => {
    const data = Float32Array.from({ length: set.n }, (_, i) => {
      let sum = 0;
      for (let k = 0; k < set.d; k++) sum += set.data[i * set.d + k] * along.data[p * set.d + k];
      return sum;
    });
    return { data, n: set.n, d: 1 };
  };
  const ours = recorded.per_projection_w1.map((_, p) => wasserstein1d(projected(x, p), projected(y, p)).value);
  return [
    scalar('sliced W2', slicedWassersteinAlong(x, y, along).value, recorded.sw2, 1e-7), // float32 directions
    array('W1 along each direction', ours, recorded.per_projection_w1, 1e-7),
  ];
};

/** What each member of the JSON records, by its name; a name that is not here is said to be absent. */
const KINDS: Record<string, (fixture: Fixture, recorded: Json) => Measure[] | Promise<Measure[]>> = {
  kid: (fixture, recorded) => kid(pointsOf(fixture, 'feat/fake'), pointsOf(fixture, 'feat/real'), recorded as Kid),
  prdc: async (fixture, { values }) => {
    const [fake, real] = [pointsOf(fixture, 'feat/fake'), pointsOf(fixture, 'feat/real')];
    return (await Promise.all((values as Prdc[]).map(recorded => prdc(fake, real, recorded)))).flat();
  },
  inception_score: (fixture, recorded) =>
    score(pointsOf(fixture, 'is/probabilities'), recorded as Parameters<typeof score>[1]),
  mmd_rbf: async (fixture, recorded) => {
    const measured = await mmd(pointsOf(fixture, 'feat/fake'), pointsOf(fixture, 'feat/real'), { bandwidth: 2 });
    return [
      float64('MMD, unbiased', measured.value, recorded.unbiased as number),
      float64('MMD, biased', measured.biased, recorded.biased as number),
    ];
  },
  energy_distance: async (fixture, recorded) => {
    const { value } = await energyDistance(pointsOf(fixture, 'feat/fake'), pointsOf(fixture, 'feat/real'));
    return [float64('energy distance', value, recorded.value as number)];
  },
  sliced_wasserstein: (fixture, recorded) => {
    const [x, y, along] = ['x', 'y', 'projections'].map(name => pointsOf(fixture, `sw/${name}`));
    return sliced(x, y, along, recorded as Sliced);
  },
  wasserstein_1d_unequal_sizes: (fixture, { values }) => {
    const [x, y] = [pointsOf(fixture, 'sw/x'), pointsOf(fixture, 'sw/y')];
    return (values as number[]).map((theirs, axis) =>
      float64(`W1 of column ${axis}`, wasserstein1d(column(x, axis), column(y, axis, y.n / 2)).value, theirs),
    );
  },
  exact_w2: (fixture, { cases }) =>
    Object.entries(cases as Record<string, { w2: number }>).map(([name, { w2 }]) => {
      const [x, y] = ['x', 'y'].map(set => pointsOf(fixture, `w2/${name}/${set}`));
      return float64(`W2 ${name}`, wasserstein(x, y).value, w2);
    }),
};

/** Metrics on sets of features, and distances between sets of points. */
export const featureMetrics = async (fixture: Fixture): Promise<Measure[]> => {
  const measures: Measure[] = [];
  for (const [name, recorded] of Object.entries(fixture.json))
    if (typeof recorded === 'object')
      measures.push(...(name in KINDS ? await KINDS[name](fixture, recorded as Json) : [absent(name)]));
  return measures;
};
