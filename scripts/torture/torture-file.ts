// bench/torture.json: what each trial counted last, with its command and where it ran; SECURITY.md's table of it.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { provenance } from '../../bench/provenance';
import { writeFileAtomic } from '../../src/checkpoints';
import { table } from '../../src/figures';
import { root } from '../project';

const FILE = join(root, 'bench/torture.json');

/** What one trial counted of one thing. */
type Counted = { what: string; attempted: number; held: number; failed: number };

type Trial = Counted & { trial: string; command: string; date: string; commit: string; machine: string; node: string };

const stored = (path = FILE): Trial[] => {
  try {
    return (JSON.parse(readFileSync(path, 'utf8')) as { rows: Trial[] }).rows;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
};

/**
 * Keeps what a trial counted in place of what it counted last of the same things; what it did not try this time stays.
 * @param args of the command line
 * @param what the things that counts are summed over
 */
export const saveCounts = async <C extends { attempted: number; held: number; failures: readonly string[] }>(
  trial: string,
  args: readonly string[],
  counts: readonly C[],
  what: (counts: C) => string,
  path = FILE,
): Promise<void> => {
  const command = ['npm run torture --', trial, ...args.map(arg => (/\s/.test(arg) ? `"${arg}"` : arg))].join(' ');
  const sums = new Map<string, Counted>();
  for (const one of counts) {
    const { attempted, held, failed } = sums.get(what(one)) ?? { attempted: 0, held: 0, failed: 0 };
    sums.set(what(one), {
      what: what(one),
      attempted: attempted + one.attempted,
      held: held + one.held,
      failed: failed + one.failures.length,
    });
  }
  const made = provenance();
  const rows = [...sums.values()].map((sum): Trial => ({ trial, ...sum, command, ...made }));
  const others = stored(path).filter(row => row.trial !== trial || !sums.has(row.what));
  const all = [...others, ...rows].sort((a, b) => (a.trial < b.trial ? -1 : a.trial > b.trial ? 1 : 0));
  await writeFileAtomic(path, `${JSON.stringify({ rows: all }, null, 2)}\n`);
};

/** The table of what was counted, a row a trial and thing; it says so where nothing was. */
export const tortureTable = (path?: string): string => {
  const rows = stored(path);
  if (rows.length === 0) return 'Not counted yet.';
  const lines = rows.map(({ trial, what, attempted, held, failed, command, date, commit }) => ({
    trial,
    what,
    attempted,
    held,
    failed,
    command: `\`${command}\``,
    date: date.slice(0, 10),
    commit,
  }));
  const machines = [...new Set(rows.map(({ machine, node }) => `${machine}, Node ${node}`))].join('; ');
  return `${table(lines, { format: 'markdown' }).markdown}\n\n_${machines}; \`bench/torture.json\`._`;
};
