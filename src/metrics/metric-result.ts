import { ArgumentError } from '../compute/check';
import type { MadeBy } from '../provenance';
import type { FeatureIdentity } from './feature-extractor';
import type { Source } from './reference-statistics';
import { spread } from './spread';

/** A number and all that it depends on; plain JSON. */
export type MetricResult = {
  /** 'fd', 'kid', 'is', 'precision', ... */
  metric: string;
  /** Mean over the blocks. */
  value: number;
  /** The value of each block of seeds. */
  blocks: number[];
  /** Largest - smallest of the blocks; 0 for one. */
  spread: number;
  smallerIsBetter: boolean;
  /** Images of one block of seeds. */
  n: number;
  /** Real images they were compared with; 0: none, null: not known. */
  nReference: number | null;
  /** Of the metric: k, subsets, ... */
  options: Readonly<Record<string, number>>;
  features: FeatureIdentity;
  /** The real images: name, sha256, split, order; null: the metric sees none. */
  reference: Source | null;
  /** Of each block; of stored images, their places. */
  seeds: { first: number; last: number }[];
  /** The same of real images in place of the generated, at the same n: what a perfect model gets. */
  floor: number | null;
  /** Its blocks, disjoint. */
  floorBlocks: number[];
  /** What those real images are, or why there are none. */
  floorOf: string;
  /** What computed it and the features it is of, those that were found in a cache included; none: not known. */
  madeBy?: readonly MadeBy[];
};

/** A result of blocks and floor blocks. */
export const metricResult = ({
  blocks,
  floorBlocks,
  ...rest
}: Omit<MetricResult, 'value' | 'spread' | 'floor'>): MetricResult => {
  const { metric, ...others } = rest;
  return {
    metric,
    value: spread(blocks).mean,
    blocks,
    spread: Math.max(...blocks) - Math.min(...blocks),
    floor: floorBlocks.length > 0 ? spread(floorBlocks).mean : null,
    floorBlocks,
    ...others,
  };
};

/** What has to agree, as dotted names and values. The features' name is only a name. */
const conditions = (result: MetricResult): Map<string, unknown> => {
  const { metric, n, nReference, options, features, reference } = result;
  const under = (prefix: string, record: object): [string, unknown][] =>
    Object.entries(record).map(([key, value]) => [`${prefix}.${key}`, value]);
  return new Map<string, unknown>([
    ['metric', metric],
    ['n', n],
    ['nReference', nReference],
    ...under('options', options),
    ['features.sha256', features.sha256],
    ['features.preprocessing', features.preprocessing],
    ...under('reference', reference ?? { name: 'none' }),
  ]);
};

/**
 * Refuses results that cannot be compared: of another metric, n, reference or features.
 * @throws ArgumentError that names everything that differs
 */
export const expectComparable = (results: readonly MetricResult[]): void => {
  const all = results.map(conditions);
  const names = new Set(all.flatMap(one => [...one.keys()]));
  const differing = [...names].flatMap(name => {
    const values = new Set(all.map(one => JSON.stringify(one.get(name)) ?? 'absent'));
    return values.size > 1 ? [`${name} is ${[...values].join(' and ')}`] : [];
  });
  if (differing.length > 0)
    throw new ArgumentError(`these results cannot be compared: ${differing.join('; ')}. Measure both alike.`);
};

/** Two results side by side. */
export type Comparison = {
  metric: string;
  a: number;
  b: number;
  /** B - a. */
  difference: number;
  /** Null: the blocks overlap, or there is one only, so that nothing is known about the spread. */
  better: 'a' | 'b' | null;
};

/**
 * Compares two results; one is better where every block of it is better than every block of the other.
 * @throws ArgumentError when they are not comparable, naming what differs
 */
export const compareResults = (a: MetricResult, b: MetricResult): Comparison => {
  expectComparable([a, b]);
  const sign = a.smallerIsBetter ? 1 : -1;
  const range = ({ blocks }: MetricResult): { best: number; worst: number } => {
    const costs = blocks.map(v => sign * v);
    return { best: Math.min(...costs), worst: Math.max(...costs) };
  };
  const known = Math.min(a.blocks.length, b.blocks.length) > 1;
  const better = known && range(a).worst < range(b).best ? 'a' : known && range(b).worst < range(a).best ? 'b' : null;
  return { metric: a.metric, a: a.value, b: b.value, difference: b.value - a.value, better };
};
