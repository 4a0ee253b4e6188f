import { execFileSync } from 'node:child_process';
import { cpus, totalmem } from 'node:os';

const git = (...args: string[]): string => execFileSync('git', args, { cwd: __dirname, encoding: 'utf8' }).trim();

/** Where and from what a row was measured. */
export const provenance = () => ({
  date: new Date().toISOString(),
  commit:
    git('rev-parse', '--short', 'HEAD') +
    (git('status', '--porcelain', '--', '../src', '*.ts', '*.py') ? ' + changes' : ''),
  machine: `${cpus()[0]?.model.trim() ?? 'unknown processor'}, ${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GiB`,
  node: process.version,
});
