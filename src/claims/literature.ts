import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ArgumentError, expectInteger, expectKeys, expectNumber, fail } from '../compute/check';

/** A number that the paper prints. */
export type LiteratureRow = {
  /** 1 to 6. */
  table: number;
  /** 'CIFAR-10', 'ImageNet-64', 'ImageNet-512'. */
  dataset: string;
  /** With its size where the table has several: 'CoSIM-S'. */
  method: string;
  /** Network evaluations a sample; null where there is no sampling. */
  nfe: number | null;
  /** 'FID', 'FD-DINOv2', of Table 5 'parameters, millions' and 'days on 8 L40S'. */
  metric: string;
  value: number;
  /** Where it is printed. */
  source: string;
  /** Table 6: alpha (1 + lambda). */
  coef?: number;
  /** Table 6: training images. */
  images?: number;
  /** Where the paper contradicts itself or rounds. */
  note?: string;
};

const KEYS = ['table', 'dataset', 'method', 'nfe', 'metric', 'value', 'source', 'coef', 'images', 'note'];

const expectText = (where: string, name: string, value: unknown): string =>
  typeof value === 'string' && value !== '' ? value : fail(where, name, 'some text', value);

const checked = (row: LiteratureRow, where: string): LiteratureRow => {
  if (typeof row !== 'object' || row === null) return fail(where, 'a row', 'an object', row);
  expectKeys(where, row, KEYS);
  expectInteger(where, 'table', row.table, { min: 1, max: 6 });
  for (const key of ['dataset', 'method', 'metric', 'source'] as const) expectText(where, key, row[key]);
  if (row.nfe !== null) expectInteger(where, 'nfe', row.nfe, { min: 1 });
  expectNumber(where, 'value', row.value, { above: 0 });
  if (row.coef !== undefined) expectNumber(where, 'coef', row.coef, { above: 0 });
  if (row.images !== undefined) expectInteger(where, 'images', row.images, { min: 1 });
  if (row.note !== undefined) expectText(where, 'note', row.note);
  return row;
};

const identity = ({ table, dataset, method, nfe, metric, coef, images }: LiteratureRow): string =>
  [`Table ${table}`, dataset, method, nfe ?? '', metric, coef ?? '', images ?? '']
    .filter(part => part !== '')
    .join(', ');

const parse = (text: string, path: string): unknown => {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new ArgumentError(`readLiterature: ${path} is not JSON: ${(error as Error).message}`);
  }
};

/** The file that ships with the package: the numbers of the paper's Tables 1 to 6. */
const literatureFile = (): string => join(__dirname, '..', '..', 'data', 'literature.json');

/**
 * The numbers of the paper, for tables that set ours beside them.
 * @throws ArgumentError for a file that is something else, an unknown key, a wrong value, or the same entry twice
 */
export const readLiterature = async (path: string = literatureFile()): Promise<LiteratureRow[]> => {
  const { rows } = (parse(await readFile(path, 'utf8'), path) ?? {}) as { rows?: LiteratureRow[] };
  if (!Array.isArray(rows)) return fail('readLiterature', 'rows', 'a list', rows);
  const seen = new Set<string>();
  return rows.map((row, i) => {
    const where = `readLiterature: row ${i + 1}`;
    const name = identity(checked(row, where));
    if (seen.has(name)) throw new ArgumentError(`${where}: ${name} is there twice`);
    seen.add(name);
    return row;
  });
};

/** The rows that agree with every key of `wanted`; `nfe: null` too is a value to agree with. */
export const literatureRows = (rows: readonly LiteratureRow[], wanted: Partial<LiteratureRow>): LiteratureRow[] =>
  rows.filter(row => Object.entries(wanted).every(([key, value]) => row[key as keyof LiteratureRow] === value));
