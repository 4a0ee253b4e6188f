import { notMeasured } from './claim-outcome';
import type { ClaimRule } from './claim-tests';

/** What an experiment on the theory stores beside its curves. */
export type TheoryVerdict = {
  /** 'Theorem 3.1'. */
  statement: string;
  holds: boolean;
  /** Which reading of the statement was measured. */
  reading?: string;
} & Record<string, unknown>; // the numbers that decide

/** The verdicts in `numbers.verdict`, one or a list; none for a result of another shape. */
export const theoryVerdicts = (numbers: unknown): TheoryVerdict[] => {
  const { verdict } = (numbers ?? {}) as { verdict?: unknown };
  const list = (Array.isArray(verdict) ? verdict : [verdict]) as Partial<TheoryVerdict>[];
  return list.filter(
    (one): one is TheoryVerdict => typeof one?.statement === 'string' && typeof one.holds === 'boolean',
  );
};

/** The numbers a verdict carries, as 'worst ratio 0.92, games 12'; camel case becomes words. */
export const theoryNumbers = ({
  statement: _statement,
  holds: _holds,
  reading: _reading,
  ...rest
}: TheoryVerdict): string =>
  Object.entries(rest)
    .filter(([, value]) => ['number', 'string', 'boolean'].includes(typeof value))
    .map(([key, value]) => {
      const words = key.replace(/([a-z])([A-Z])/g, (_, a: string, b: string) => `${a} ${b.toLowerCase()}`);
      return `${words} ${typeof value === 'number' ? Number(value.toPrecision(3)) : String(value)}`;
    })
    .join(', ');

/** A statement of the theory holds where every stored verdict whose statement has this number in it does. */
export const theoryHolds =
  (number: string): ClaimRule =>
  numbers => {
    const all = (numbers as readonly unknown[]).flatMap(theoryVerdicts);
    const own = all.filter(({ statement }) =>
      statement.split(/[^A-Z\d.]+/).some(word => word.replace(/\.$/, '') === number),
    );
    if (own.length === 0) return notMeasured('no result states it');
    return {
      verdict: own.every(({ holds }) => holds) ? 'holds' : 'contradicted',
      numbers: own.map(one => theoryNumbers(one) || one.statement).join('; '),
    };
  };
