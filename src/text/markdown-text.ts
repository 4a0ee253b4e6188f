import { printable } from './printable';

// What Markdown (GitHub's and Jupyter's) makes something of inside a line: escapes, code, emphasis, HTML, entities, formulas, cells,
// links (which need what follows the bracket), and addresses, which become links by themselves. An underscore within a word means
// nothing there.
const MARKUP =
  /[\\`*<>|~$]|\](?=[([])|&(?=#?\w+;)|(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])|:(?=\/\/)|(?<=www)\.|(?<=\w)@(?=\w)/giu;

/** Text on one line of Markdown, a table's cell included: no sign of it is markup. */
export const markdownText = (text: string): string => printable(text.replace(/\s+/g, ' ')).replace(MARKUP, '\\$&');

/** Text as code on one line of Markdown. In a table's cell, bars must be escaped besides. */
export const codeSpan = (text: string): string => {
  const line = printable(text.replace(/\s+/g, ' '));
  const longest = Math.max(0, ...[...line.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = '`'.repeat(longest + 1);
  return longest > 0 || line.trim() === '' ? `${fence} ${line} ${fence}` : `${fence}${line}${fence}`;
};
