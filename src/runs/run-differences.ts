import type { RunDescription } from '../training';

/** Values by path: `run.batch`, `method.R`, ... */
const leaves = (value: unknown, path = ''): [path: string, value: string][] =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.entries(value).flatMap(([key, inner]) => leaves(inner, path === '' ? key : `${path}.${key}`))
    : [[path, JSON.stringify(value)]];

/** Paths at which two objects of plain values differ, with both values as JSON; undefined where one has none. */
export const differingLeaves = (a: object, b: object): [path: string, a?: string, b?: string][] => {
  const [one, other] = [new Map(leaves(a)), new Map(leaves(b))];
  return [...new Set([...one.keys(), ...other.keys()])]
    .filter(path => one.get(path) !== other.get(path))
    .map(path => [path, one.get(path), other.get(path)]);
};

type Compared = Pick<RunDescription, 'method' | 'options' | 'dataset' | 'parameters' | 'images' | 'times'>;

/** What two runs have apart in what they are and how far they came: a row a difference, '-' where one has no such value. */
export const runDifferences = (a: Compared, b: Compared): string[][] => {
  const known = ({ method, options, dataset, parameters, images, times }: Compared): object => ({
    method,
    run: options,
    dataset,
    parameters,
    images,
    times,
  });
  return differingLeaves(known(a), known(b)).map(([path, one = '-', other = '-']) => [path, one, other]);
};
