import { expectInteger, expectOneOf, withDefaults } from '../../compute/check';
import { normal, uniform } from '../../compute/noise';
import { factorise, type Mixture, mixtureSample } from '../../diffusion';
import { type Dataset, type Split, splits } from '../dataset';
import { type Curve, curves } from './curves';
import { mixtures } from './mixtures';

/** A Gaussian mixture of `mixtures`. */
export type MixtureName = keyof typeof mixtures;
/** A distribution of points in the plane. */
export type PointsName = MixtureName | keyof typeof curves;

/** Options of `points`. */
export type PointsOptions = {
  /** Which endless set of points. */
  seed?: number;
  /** 'train' and 'test' share no random number. */
  split?: Split;
};

/** Point `index` of an endless sample. */
type Sampler = (address: { seed: number; stream: string }, index: number) => ArrayLike<number>;

const mixtureSampler = (mixture: Mixture): Sampler => {
  const factors = factorise(mixture);
  return (address, index) => mixtureSample(factors, address, index);
};

const curveSampler =
  ({ at, noise }: Curve): Sampler =>
  ({ seed, stream }, sample) => {
    const [u] = uniform({ seed, stream: `${stream}/place`, sample }, 1);
    const [n0, n1] = normal({ seed, stream, sample }, 2);
    const [x, y] = at(u);
    return [x + noise * n0, y + noise * n1];
  };

const samplers = Object.fromEntries([
  ...Object.entries(mixtures).map(([name, mixture]) => [name, mixtureSampler(mixture)]),
  ...Object.entries(curves).map(([name, curve]) => [name, curveSampler(curve)]),
]) as Record<PointsName, Sampler>;

/** Names that `points` knows. */
export const pointsNames = Object.keys(samplers) as readonly PointsName[];

/**
 * Endless points [2] of a 2-D density with mean zero and deviation 0.5; sample i of a seed and split is always the same.
 * @throws ArgumentError for unknown names and options
 * @example
 * const dataset = points('checkerboard', { seed: 0, split: 'train' });
 */
export const points = (name: PointsName, options: PointsOptions = {}): Dataset => {
  const { seed, split } = withDefaults('points', options, { seed: 0, split: 'train' });
  expectOneOf('points', 'name', name, pointsNames);
  expectInteger('points', 'seed', seed);
  expectOneOf('points', 'split', split, splits);
  const address = { seed, stream: `points.${name}.${split}` };
  return {
    name,
    sampleShape: [2],
    classes: 0,
    length: Infinity,
    provenance: { source: 'drawn points', name, seed, split },
    batch: indices => {
      const x = new Float32Array(2 * indices.length);
      indices.forEach((index, i) => x.set(samplers[name](address, index), 2 * i));
      return Promise.resolve({ x, labels: new Int32Array(0) });
    },
  };
};
