/* What a page says of the making of a result: never the time of drawing as if it were that of computing. */
import { isStale, type Machine, type MadeBy } from '../provenance';
import type { StoredProvenance, StoredResult } from './stored-results';

/** 'AMD EPYC, 2 cores, 24 GiB'. */
const machineText = ({ cpu, cores, memoryGiB }: Machine): string => `${cpu}, ${cores} cores, ${memoryGiB} GiB`;

const distinct = (texts: readonly string[]): string[] => [...new Set(texts)];

/** '75214b1', '75214b1 (other code)' where the code has changed since. */
const makerText = (made: MadeBy): string => (isStale([made]) ? `${made.commit} (other code)` : made.commit);

const makersText = (makers: readonly MadeBy[], unknown: boolean): string =>
  distinct([...makers.map(makerText), ...(unknown ? ['unknown'] : [])]).join(', ');

/** Places in the list of makers that the rows name; every maker where no row does. */
export const commitText = (
  { provenance: { madeBy, unknownRows = false } }: StoredResult,
  rows: readonly { madeBy?: readonly number[] }[] = [],
): string => {
  if (madeBy === undefined) return 'unknown';
  const named = rows.flatMap(row => row.madeBy ?? []);
  if (named.length === 0 && !unknownRows) return makersText(madeBy, false);
  return makersText(
    [...new Set(named)].sort((a, b) => a - b).map(place => madeBy[place]),
    rows.some(row => row.madeBy?.length === 0),
  );
};

/**
 * Commits, engines, machines and days of all that computed a result, as parts of a line; of one stored before results
 * kept that, the commit that drew its figure, and that no more is known. Of a benchmark, what its file of results says.
 */
export const makingParts = ({
  madeBy,
  unknownRows = false,
  commit,
  machine,
  date,
  measured,
}: StoredProvenance): string[] => {
  if (measured) return [`${measured.commits.length > 1 ? 'commits' : 'commit'} ${measured.commits.join(', ')}`, ...measured.places]; // prettier-ignore
  if (madeBy === undefined)
    return [
      `computed by an unknown commit, drawn by ${commit ?? 'another'}`,
      ...(machine ? [machineText(machine)] : []),
      ...(date === undefined ? [] : [`drawn ${date.slice(0, 10)}`]),
    ];
  const commits = makersText(madeBy, unknownRows);
  const days = distinct(madeBy.map(made => made.date.slice(0, 10))).sort();
  return [
    `${commits.includes(',') ? 'commits' : 'commit'} ${commits}`,
    ...distinct(madeBy.map(({ engine }) => `engine ${engine}`)),
    ...distinct(madeBy.map(made => machineText(made.machine))),
    ...(days.length === 0 ? [] : [days.length === 1 ? days[0] : `${days[0]} to ${days[days.length - 1]}`]),
  ];
};
