import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { notebooksFolder, root } from '../project';
import { findNotebooks, joinText, notebookName, readNotebook } from './notebook-file';
import { GENERATORS, type NotebookTime, readTimes } from './times';

/** What the first cell of a notebook says about it. */
type Head = { name: string; claim: string; figures: string[] };

const headOf = (path: string): Head => {
  const text = joinText(readNotebook(path).cells[0].source);
  const claim = /\*\*Claim\.\*\*\s*(.+)/.exec(text)?.[1];
  const figures = [...(/^Figures: (.+)$/m.exec(text)?.[1] ?? '').matchAll(/`([^`]+)`/g)].map(match => match[1]);
  if (!claim || figures.length === 0)
    throw new Error(`${basename(path)}: its first cell must have '**Claim.** ...' and 'Figures: \`NAME\`, ...'.`);
  return { name: notebookName(path), claim, figures };
};

const clock = (seconds: number): string => (seconds < 90 ? `${seconds} s` : `${Math.round(seconds / 60)} min`);

/** The time from nothing: what is in the cache is made by the first run. */
const timeText = (time: NotebookTime | undefined): string =>
  time === undefined ? 'not measured' : clock(time.seconds + time.cachedSeconds);

/** The index of all notebooks as a table: thumbnail, claim, time of each preset, figures. Links start at notebooks/. */
export const notebookIndex = (): string => {
  const times = readTimes();
  const rows = findNotebooks(notebooksFolder, []).map(path => {
    const { name, claim, figures } = headOf(path);
    const picture = figures.find(figure => existsSync(join(root, 'figures', `${figure}.png`)));
    const thumbnail = picture === undefined ? '' : `<img src="../figures/${picture}.png" alt="${picture}" width="220">`;
    const { smoke, laptop } = times[name] ?? {};
    const links = figures.map(figure => `[${figure}](../figures/${figure}.png)`).join(', ');
    return `| ${thumbnail} | [${name}](${name}.ipynb): ${claim} | ${timeText(smoke)} | ${timeText(laptop)} | ${links} |`;
  });
  const machines = Object.values(times).flatMap(presets => Object.values(presets));
  const on = [...new Set(machines.map(({ cpu, cores }) => `${cores} cores of ${cpu}`))].join('; ');
  const shared = timeText(times[GENERATORS]?.laptop);
  return [
    '| | notebook and claim | `smoke` | `laptop` | figures |',
    '| --- | --- | --- | --- | --- |',
    ...rows,
    '',
    `_Times with an empty cache, measured on ${on}, shared with other work; the generators that 02, 06 and 09 leave for each other, ${shared} to train at \`laptop\`, are counted in none. \`paper\` was not run._`,
  ].join('\n');
};
