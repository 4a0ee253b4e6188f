import { availableParallelism, cpus } from 'node:os';
import { joinText, notebookName, readNotebook } from './notebook-file';
import { clock } from './progress';
import { expectedSeconds } from './times';

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

/** What a notebook calls itself, in its first line. */
const titleOf = (path: string): string => /^# (.+)$/m.exec(joinText(readNotebook(path).cells[0].source))?.[1] ?? '';

/** '6 min', '2 h 20 min'. */
const longClock = (seconds: number): string => {
  const minutes = Math.round(seconds / 60);
  return minutes < 90 ? clock(seconds) : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
};

/** How long notebooks take together with a preset: 'about 5 min', and how many were never measured. */
export const timeOfAll = (paths: readonly string[], preset: string): string => {
  const times = paths.map(path => expectedSeconds(notebookName(path), preset));
  const known = times.filter(time => time !== undefined);
  const unknown = times.length - known.length;
  if (known.length === 0) return 'for a time that was not measured yet';
  const rest = unknown > 0 ? `, without ${unknown} that ${unknown === 1 ? 'was' : 'were'} not measured` : '';
  return `about ${longClock(sum(known))}${rest}`;
};

/** What will be run, a line a notebook: its name, its measured time and its title. */
export const planLines = (paths: readonly string[], preset: string): string[] => {
  const width = Math.max(...paths.map(path => notebookName(path).length));
  return paths.map(path => {
    const seconds = expectedSeconds(notebookName(path), preset);
    const time = seconds === undefined ? '?' : clock(seconds);
    return `  ${notebookName(path).padEnd(width)}  ${time.padStart(6)}  ${titleOf(path)}`;
  });
};

/** '2 cores of AMD EPYC': what the times will be on. */
export const thisMachine = (): string => {
  const cores = availableParallelism();
  return `${cores} ${cores === 1 ? 'core' : 'cores'} of ${cpus()[0].model.trim()}`;
};

/** Notebooks at once: training takes every core it finds, so a second one pays only where there are four. */
export const jobsThatFit = (cores = availableParallelism()): number =>
  Math.min(4, Math.max(1, Math.floor(cores / 2) - 1));
