/* The verdicts of the claims on stored results. */
import { counted } from '../figures';
import { type ClaimOutcome, notMeasured, type Verdict } from './claim-outcome';
import type { LiteratureRow } from './literature';
import { type Claim, type ClaimTest, CLAIMS } from './paper-claims';
import { ofOneTraining, resultRows, seedsText } from './result-rows';
import type { StoredResults } from './stored-results';

/** A test of a claim and its verdict. */
export type TestVerdict = Omit<ClaimTest, 'rule'> &
  ClaimOutcome & {
    /** What varies between its values: training seeds '0, 1, 2', or '3 blocks of seed 0'; '' where it is neither. */
    seeds: string;
    /** Its values are blocks of samples of one training: they know nothing of how training varies. */
    oneTraining: boolean;
  };

/** A claim with the verdict of each of its tests. */
export type ClaimVerdict = Omit<Claim, 'tests'> & {
  /** Of the tests over training seeds, or of those of the theory; 'holds in part' where some hold and others do not. */
  verdict: Verdict | 'holds in part';
  tests: readonly TestVerdict[];
};

/** Whether a test reads the stored result of this name: the same, or, with a star at the test's end, one that begins so. */
export const matchesName = (test: string, name: string): boolean =>
  test.endsWith('*') ? name.startsWith(test.slice(0, -1)) : name === test;

const verdictOfTest = (
  { rule, ...test }: ClaimTest,
  results: StoredResults,
  literature: readonly LiteratureRow[],
): TestVerdict => {
  if (test.result.endsWith('*')) {
    const found = [...results.values()].filter(({ name }) => matchesName(test.result, name));
    const numbers = found.map(one => one.numbers);
    return { ...test, ...rule(numbers, literature), seeds: '', oneTraining: false };
  }
  const found = results.get(test.result);
  if (found === undefined)
    return { ...test, ...notMeasured('there is no stored result'), seeds: '', oneTraining: false };
  const rows = resultRows(found.numbers);
  const outcome = rule(found.numbers, literature);
  const ofResult = rows.length > 0 ? seedsText(rows, found) : '';
  const oneTraining = ofOneTraining(rows, found);
  const seeds = outcome.oneTraining && !oneTraining ? `${ofResult}; of one kind blocks of one training` : ofResult;
  return { ...test, ...outcome, seeds, oneTraining: outcome.oneTraining ?? oneTraining };
};

const verdictOf = (measured: readonly TestVerdict[]): ClaimVerdict['verdict'] => {
  const some = (wanted: Verdict): boolean => measured.some(({ verdict }) => verdict === wanted);
  if (measured.length === 0) return 'not measured';
  if (measured.every(({ verdict }) => verdict === 'holds')) return 'holds';
  if (some('holds')) return 'holds in part';
  return some('contradicted') ? 'contradicted' : 'within the noise';
};

/**
 * The verdicts, by rules that give a claim no benefit of the doubt:
 * - a test needs three values of each kind;
 * - 'better' means by more than chance makes it (`clearlyLower`, one case of twenty); as much the other way round is
 *   'contradicted', and what lies between is 'within the noise';
 * - a claim's verdict is that of its tests over training seeds; those on blocks of samples of one training are counted beside them;
 * - a claim holds where every such test does; where some do it holds in part, and the text says in how many;
 * - a result that is missing, or has too few values, is 'not measured', and counts neither way.
 * A verdict is said of the scale at hand, never of the paper.
 */
export const testClaims = (
  results: StoredResults,
  literature: readonly LiteratureRow[],
  claims: readonly Claim[] = CLAIMS,
): ClaimVerdict[] =>
  claims.map(({ tests: all, ...claim }) => {
    const tests = all.map(test => verdictOfTest(test, results, literature));
    const measured = tests.filter(({ verdict, oneTraining }) => verdict !== 'not measured' && !oneTraining);
    return { ...claim, tests, verdict: verdictOf(measured) };
  });

const ORDER = ['holds', 'contradicted', 'within the noise'] as const;

/** 'holds in 2 of 6 tests, 1 contradicted, 3 within the noise'; 'holds (3 of 3 tests)'. */
const countsText = (tests: readonly TestVerdict[]): string => {
  const counts = ORDER.map(wanted => ({ wanted, count: tests.filter(({ verdict }) => verdict === wanted).length }));
  const there = counts.filter(({ count }) => count > 0);
  const all = counted(tests.length, 'test');
  if (there.length === 1) return `${there[0].wanted} (${all})`;
  const [{ wanted, count }, ...rest] = there;
  const first = `${wanted}${wanted === 'within the noise' ? '' : ' in'} ${count} of ${all}`;
  return [first, ...rest.map(other => `${other.count} ${other.wanted}`)].join(', ');
};

/** A claim's verdict with what it rests on: 'holds in 1 of 3 tests, 2 within the noise; on one training: holds (2 tests)'. */
export const verdictText = ({ tests }: Pick<ClaimVerdict, 'tests'>): string => {
  const measured = tests.filter(({ verdict }) => verdict !== 'not measured');
  const [over, one] = [false, true].map(kind => measured.filter(({ oneTraining }) => oneTraining === kind));
  const open = tests.length - measured.length;
  if (measured.length === 0) return 'not measured';
  return [
    over.length > 0 ? countsText(over) : 'not measured over training seeds',
    ...(one.length > 0 ? [`on one training: ${countsText(one)}`] : []),
    ...(open > 0 ? [`${open} not measured`] : []),
  ].join('; ');
};
