import { ArgumentError, unknownName } from '../compute/check';
import { spread } from '../metrics';
import type { Made } from '../provenance';
import { htmlText, markdownText, onOneLine } from '../text';
import { type Displayable, displaySymbol, type MimeBundle } from './mime';

/** One cell: text, a number, or one number per seed (shown as mean ± standard deviation). */
export type Cell = string | number | readonly number[];

/** A row of a table: its cells by the heading of their column. */
export type Row = Readonly<Record<string, Cell>>;

/** Options of `table`. */
export type TableOptions = {
  caption?: string;
  /** Keys in order, which are also the headings; default: the first row's keys, without what made the row. */
  columns?: readonly string[];
  /** Significant digits of a column's smallest number, default 3. */
  digits?: number;
  /** What cells and headings are: text, no sign of which is markup (default), or Markdown that is to be read as such. */
  format?: 'text' | 'markdown';
  /** Columns whose best mean is set in bold. */
  best?: Readonly<Record<string, 'low' | 'high'>>;
};

/** A table that a notebook, a README and a log can show. */
export type Table = Displayable & {
  /** As they were given. */
  rows: readonly Row[];
  /** As a cell shows it. */
  html: string;
  /** As a file keeps it. */
  markdown: string;
};

const isNumbers = (cell: Cell | undefined): cell is readonly number[] => Array.isArray(cell);

const valuesOf = (cell: Cell | undefined): readonly number[] =>
  typeof cell === 'number' ? [cell] : isNumbers(cell) ? cell : [];

/** Decimals that give the smallest number of a column its significant digits; none for integers. */
const decimalsOf = (cells: readonly (Cell | undefined)[], digits: number): number => {
  const numbers = cells.flatMap(valuesOf).filter(value => Number.isFinite(value) && value !== 0);
  if (cells.every(cell => !isNumbers(cell)) && numbers.every(Number.isInteger)) return 0;
  const smallest = numbers.reduce((least, value) => Math.min(least, Math.abs(value)), Infinity);
  if (smallest === Infinity) return 0;
  return Math.min(6, Math.max(0, digits - 1 - Math.floor(Math.log10(smallest))));
};

const number = (value: number, decimals: number): string =>
  Number.isFinite(value)
    ? value.toLocaleString('en-US', { minimumFractionDigits: decimals, maximumFractionDigits: decimals })
    : String(value);

const textOf = (cell: Cell | undefined, decimals: number): string => {
  if (cell === undefined) return '';
  if (typeof cell === 'string') return cell;
  if (typeof cell === 'number') return number(cell, decimals);
  if (cell.length === 0) return '';
  const { mean, deviation, n } = spread(cell);
  return n > 1 ? `${number(mean, decimals)} ± ${number(deviation, decimals)}` : number(mean, decimals);
};

/** A cell as it is shown, best of its column or not. */
type Shown = { text: string; bold: boolean };

/** Lines of a Markdown table whose cells are Markdown, or of a plain one whose cells are text. */
const lineTable = (cells: string[][], right: boolean[]): string => {
  const widths = right.map((_, i) => Math.max(3, ...cells.map(row => row[i].length)));
  const line = (row: string[]) =>
    `| ${row.map((text, i) => (right[i] ? text.padStart(widths[i]) : text.padEnd(widths[i]))).join(' | ')} |`;
  const rule = `| ${right.map((isRight, i) => '-'.repeat(widths[i] - 1) + (isRight ? ':' : '-')).join(' | ')} |`;
  return [line(cells[0]), rule, ...cells.slice(1).map(line)].join('\n');
};

/** `align` attributes as well as styles: GitHub keeps the first and drops the second. */
const htmlTable = (cells: Shown[][], right: boolean[], caption?: string): string => {
  const cell =
    (tag: string) =>
    ({ text, bold }: Shown, i: number) => {
      const side = right[i] ? 'right' : 'left';
      const shown = htmlText(text);
      return `<${tag} align="${side}" style="text-align:${side}">${bold ? `<b>${shown}</b>` : shown}</${tag}>`;
    };
  const row = (tag: string) => (texts: Shown[]) => `<tr>${texts.map(cell(tag)).join('')}</tr>`;
  const head = caption === undefined ? '' : `<caption align="top">${htmlText(caption)}</caption>\n`;
  const body = cells.slice(1).map(row('td')).join('\n');
  return `<table style="font-variant-numeric:tabular-nums">\n${head}<thead>${row('th')(cells[0])}</thead>\n<tbody>\n${body}\n</tbody>\n</table>`;
};

/** Beside the values of a row, and no columns: what made it. */
const MARKS: readonly string[] = ['madeBy', 'stale', 'interrupted'] satisfies (keyof Made)[];

/**
 * A table of results in HTML and Markdown: numbers of a column share their decimals and stand at the right, one number
 * per seed becomes mean ± standard deviation.
 * @throws ArgumentError for no rows, or for a column that no row has.
 * @example
 * table([{ coef: '0.5', beta: 1, 'FD, n = 2000': [6.1, 6.4, 6.3] }], { best: { 'FD, n = 2000': 'low' } });
 */
export const table = (rows: readonly Row[], options: TableOptions = {}): Table => {
  if (rows.length === 0) throw new ArgumentError('table: rows must not be empty.');
  const {
    caption,
    columns = Object.keys(rows[0]).filter(key => !MARKS.includes(key)),
    digits = 3,
    format = 'text',
    best = {},
  } = options;
  const known = [...new Set(rows.flatMap(row => Object.keys(row)))];
  for (const key of [...columns, ...Object.keys(best)])
    if (!known.includes(key)) throw unknownName('table', 'column', key, known);

  const mean = (cell: Cell | undefined) => (valuesOf(cell).length ? spread(valuesOf(cell)).mean : NaN);
  const texts = columns.map(key => {
    const cells = rows.map(row => row[key]);
    const decimals = decimalsOf(cells, digits);
    const means = cells.map(mean);
    const finite = means.filter(Number.isFinite);
    const winner = best[key] === 'low' ? Math.min(...finite) : best[key] === 'high' ? Math.max(...finite) : NaN;
    return cells.map((cell, i): Shown => ({ text: textOf(cell, decimals), bold: means[i] === winner }));
  });
  const right = columns.map(key => rows.some(row => typeof row[key] !== 'string' && row[key] !== undefined));
  const head = columns.map((text): Shown => ({ text, bold: false }));
  const cells = [head, ...rows.map((_, i) => texts.map(column => column[i]))];
  const written = (above: (text: string) => string, cell: (shown: Shown) => string): string => {
    const lines = lineTable(
      cells.map(row => row.map(cell)),
      right,
    );
    return caption === undefined ? lines : `${above(caption)}\n\n${lines}`;
  };
  const inMarkdown = format === 'text' ? markdownText : (text: string): string => text.replaceAll('|', '\\|');
  const markdown = written(inMarkdown, ({ text, bold }) => (bold ? `**${inMarkdown(text)}**` : inMarkdown(text)));
  const plain = written(onOneLine, ({ text }) => onOneLine(text));
  const html = htmlTable(cells, right, caption);
  const bundle = (): MimeBundle => ({ 'text/html': html, 'text/markdown': markdown, 'text/plain': plain });
  return { rows, html, markdown, [displaySymbol]: bundle };
};
