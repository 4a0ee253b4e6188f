// figures/table_6.*, RESULTS.md, docs/gallery.md and the marked parts of README.md, SECURITY.md, docs/speed.md and
// notebooks/README.md, from stored results and the paper's numbers: `npm run tables` writes them, `npm run tables -- --check` tells what would change and fails if anything would.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { format, resolveConfig } from 'prettier';
import { fullWidthSection } from '../bench/full-width-table';
import { gpuBlock } from '../bench/gpu-table';
import { speedBlock, speedRowsBlock } from '../bench/speed-table';
import { writeFileAtomic } from '../src/checkpoints';
import { renderChart, saveFigure } from '../src/figures';
import {
  galleryPage,
  methodTable,
  readLiterature,
  readStoredResults,
  replaceBlocks,
  resultsPage,
  STRENGTHS_FIGURE,
  strengthsFigure,
  verdictBlock,
} from '../src/claims';
import { METHOD_PRESETS } from '../src/methods';
import { notebookIndex } from './notebook';
import { root } from './project';
import { tortureTable } from './torture/torture-file';

/** What the files should be, by name, formatted as the project is. */
export const generatedFiles = async (): Promise<Record<string, string>> => {
  const [results, literature] = [await readStoredResults(join(root, 'figures')), await readLiterature()];
  const marked = ['README.md', 'notebooks/README.md', 'SECURITY.md', 'docs/speed.md'];
  const [readme, index, security, speed] = marked.map(name => readFileSync(join(root, name), 'utf8'));
  const methods = methodTable(Object.values(METHOD_PRESETS));
  const texts = {
    'README.md': replaceBlocks(readme, {
      verdicts: verdictBlock(results, literature),
      methods,
      speed: speedBlock(),
      gpu: gpuBlock(),
    }),
    'notebooks/README.md': replaceBlocks(index, { notebooks: notebookIndex() }),
    'SECURITY.md': replaceBlocks(security, { torture: tortureTable() }),
    'docs/speed.md': replaceBlocks(speed, { 'speed-rows': speedRowsBlock() }),
    'docs/gallery.md': galleryPage(results),
    'RESULTS.md': resultsPage(results, literature, [fullWidthSection()]),
  };
  const formatted = Object.entries(texts).map(async ([name, text]): Promise<[string, string]> => {
    const filepath = join(root, name);
    return [name, await format(text, { ...(await resolveConfig(filepath)), filepath })];
  });
  return Object.fromEntries(await Promise.all(formatted));
};

/** Draws the figures that are made of stored results anew, where their numbers have changed. @returns names of those */
export const drawDerived = async ({ draw }: { draw: boolean }): Promise<string[]> => {
  const figure = strengthsFigure(await readStoredResults(join(root, 'figures')), await readLiterature());
  if (figure === undefined) return [];
  const { title, chart, numbers, provenance } = figure;
  const path = join(root, 'figures', STRENGTHS_FIGURE);
  const stored: unknown = existsSync(`${path}.json`) ? JSON.parse(readFileSync(`${path}.json`, 'utf8')) : undefined;
  if (JSON.stringify(stored) === JSON.stringify({ title, provenance, numbers })) return [];
  if (draw) await saveFigure(path, await renderChart(chart), numbers, provenance);
  return [STRENGTHS_FIGURE];
};

const MOST_LINES = 10;

/** Lines that only one of two texts has, as 'NAME: - old' and 'NAME: + new'; at most ten, then their number. */
export const differingLines = (name: string, stored: string, generated: string): string[] => {
  const [before, after] = [stored.split('\n'), generated.split('\n')];
  const only = (sign: string, own: string[], other: string[]): string[] => {
    const there = new Set(other);
    return own.filter(line => !there.has(line)).map(line => `${name}: ${sign} ${line}`);
  };
  if (stored === generated) return [];
  const lines = [...only('-', before, after), ...only('+', after, before)];
  if (lines.length === 0) return [`${name}: the same lines in another order or number`];
  return lines.length <= MOST_LINES ? lines : [...lines.slice(0, MOST_LINES), `${name}: ${lines.length} lines in all`];
};

/** What of the stored files differs from what would be generated; nothing where they are up to date. */
export const outdated = (files: Readonly<Record<string, string>>): string[] =>
  Object.entries(files).flatMap(([name, text]) => {
    const path = join(root, name);
    return differingLines(name, existsSync(path) ? readFileSync(path, 'utf8') : '', text);
  });

const main = async (): Promise<void> => {
  const { values } = parseArgs({ options: { check: { type: 'boolean', default: false } } });
  const drawn = (await drawDerived({ draw: !values.check })).map(name => `figures/${name}: other numbers`);
  const files = await generatedFiles();
  const differences = [...drawn, ...outdated(files)];
  if (!values.check) for (const [name, text] of Object.entries(files)) await writeFileAtomic(join(root, name), text);
  const upToDate = differences.length === 0;
  console.log(upToDate ? `${Object.keys(files).join(', ')}: up to date.` : differences.join('\n'));
  if (values.check && !upToDate) process.exitCode = 1;
};

if (require.main === module) void main();
