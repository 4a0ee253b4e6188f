import { readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { parse } from 'node:path';
import type { Execution } from './execute';
import { codeCells, formatNotebook, joinText, type Notebook, type Output, type Text } from './notebook-file';

/** What a notebook may print on its error stream. Empty: nothing that we use needs to. */
const ALLOWED_STDERR: RegExp[] = [];

/** Tags with which a run ends well though cells did not run. */
const FORBIDDEN_TAGS = ['raises-exception', 'skip-execution'];

const MAX_BYTES = 2e6;

/** Text of one format of an output; formats that are data ("+json") hold an object. */
const mimeText = (value: unknown): string =>
  typeof value === 'string' || Array.isArray(value) ? joinText(value as Text) : JSON.stringify(value);

const outputText = (output: Output): string => {
  if (output.output_type === 'stream') return joinText(output.text);
  if (output.output_type === 'error') return `${output.ename}: ${output.evalue}`;
  return Object.entries(output.data)
    .filter(([mime]) => !mime.startsWith('image/') || mime === 'image/svg+xml')
    .map(([, value]) => mimeText(value))
    .join('\n');
};

/** A message without the stack frames of Node and the kernel, and not endlessly long. */
const short = (text: string): string => {
  const lines = text.split('\n').filter(line => !/^\s+at .*(node:|\btslab\b)/.test(line));
  const kept = lines.join('\n').trim();
  return kept.length > 800 ? `${kept.slice(0, 800)} ...` : kept;
};

const stderrOf = (outputs: readonly Output[]): string =>
  outputs
    .filter(output => output.output_type === 'stream' && output.name === 'stderr')
    .map(outputText)
    .join('')
    .split('\n')
    .filter(line => line.trim() !== '' && !ALLOWED_STDERR.some(allowed => allowed.test(line)))
    .join('\n');

/** Matches a path that starts in a folder of this machine's root, but not the tail of an address or of a relative path. */
const absolutePath = (rootFolders: readonly string[]): RegExp => {
  const names = rootFolders.map(name => name.replace(/[^\w-]/g, '\\$&')).join('|');
  return new RegExp(`(?<![\\w.~/:<*-])/(?:${names})(?=/[\\w.-]|\\s|$)[^\\s"']*|\\b[A-Za-z]:\\\\[\\w.-]+`);
};

const thisMachine = (): string[] => readdirSync(parse(homedir()).root).filter(name => name !== '');

/** What is wrong with stored outputs: error streams, no picture, paths of the machine that ran them, too large a file. */
export const outputProblems = (notebook: Notebook, rootFolders: readonly string[] = thisMachine()): string[] => {
  const problems: string[] = [];
  const path = absolutePath(rootFolders);
  for (const { cell, index } of codeCells(notebook)) {
    const outputs = cell.outputs ?? [];
    const stderr = stderrOf(outputs);
    if (stderr) problems.push(`cell ${index + 1} wrote to stderr: ${short(stderr)}`);
    for (const output of outputs) {
      if (output.output_type === 'error') problems.push(`cell ${index + 1} failed: ${short(outputText(output))}`);
      const found = path.exec(outputText(output));
      if (found) problems.push(`cell ${index + 1} shows a path of this machine: ${found[0]}`);
    }
  }
  const pictures = notebook.cells.flatMap(cell => cell.outputs ?? []).filter(o => 'data' in o && 'image/png' in o.data);
  if (pictures.length === 0) problems.push('no output has a picture (image/png)');
  const bytes = Buffer.byteLength(formatNotebook(notebook));
  if (bytes >= MAX_BYTES)
    problems.push(`the file has ${(bytes / 1e6).toFixed(1)} MB, the limit is ${MAX_BYTES / 1e6} MB`);
  return problems;
};

/** What is wrong with a run: every cell must have ended well, nothing may have come late, the outputs must be fit to keep. */
export const runProblems = (
  before: Notebook,
  { code, ended, late, notebook, log }: Execution,
  rootFolders?: readonly string[],
): string[] => {
  const problems = before.cells.flatMap((cell, index) =>
    FORBIDDEN_TAGS.filter(tag => cell.metadata.tags?.includes(tag)).map(
      tag => `cell ${index + 1} has the tag '${tag}', which hides cells that did not run`,
    ),
  );
  const failed = ended.filter(end => end.status === 'error');
  for (const { cell, outputs } of failed)
    problems.push(
      `cell ${cell + 1} failed: ${short(stderrOf(outputs) || outputs.map(outputText).join('')) || 'no message'}`,
    );
  const fine = new Set(ended.filter(end => end.status === 'ok').map(end => end.cell));
  const missing = codeCells(before).filter(({ index }) => !fine.has(index) && !failed.some(end => end.cell === index));
  if (code === 124) problems.push('the time was up');
  if (missing.length > 0) problems.push(`did not run to the end: cell ${missing.map(m => m.index + 1).join(', ')}`);
  if (code !== 0 && code !== 124 && failed.length === 0)
    problems.push(`nbconvert ended with code ${code}: ${log.trim().split('\n').at(-1) ?? ''}`);
  if (late.length > 0)
    problems.push(`errors or output that no cell waited for: ${short(late.map(outputText).join(''))}`);
  return notebook ? [...problems, ...outputProblems(notebook, rootFolders)] : problems;
};
