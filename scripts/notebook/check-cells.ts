import { ESLint } from 'eslint';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { jupyterFolder, root, runProgram } from '../project';
import { codeCells, joinText, type Notebook, notebookName, readNotebook } from './notebook-file';

/** One complaint about a notebook's code; cell and line count from 1, cell among all cells. */
export type CellProblem = { notebook: string; cell: number; line: number; message: string; from: string };

/** A notebook's code cells as one module, and for each of its lines (from 0) the cell and line it came from. */
export type CellModule = { text: string; origin: { cell: number; line: number }[] };

/** Puts all code cells into one module, in order: what one cell declares, the next may use, as in the kernel. */
export const extractCells = (notebook: Notebook): CellModule => {
  const lines: string[] = [];
  const origin: CellModule['origin'] = [];
  for (const { cell, index } of codeCells(notebook)) {
    for (const [i, line] of joinText(cell.source).split('\n').entries()) {
      lines.push(line);
      origin.push({ cell: index + 1, line: i + 1 });
    }
  }
  lines.push('export {};'); // a module even when nothing is imported
  origin.push(origin.at(-1) ?? { cell: 1, line: 1 });
  return { text: `${lines.join('\n')}\n`, origin };
};

const folder = join(jupyterFolder, 'cells');

const TSCONFIG = {
  extends: '../../tsconfig.json',
  // Cells may await at the top level; unused names are ESLint's to report, once.
  compilerOptions: { module: 'ES2022', noUnusedLocals: false },
  include: ['*.ts'],
};

/** The compilers that must accept the cells: the project's, and the older one inside the kernel. */
const COMPILERS = {
  'TypeScript of the project': 'typescript/lib/tsc.js',
  'TypeScript of tslab': '@tslab/typescript-for-tslab/lib/tsc.js',
};

type Located = { file: string; line: number; message: string; from: string };

const typeCheck = async (from: string, compiler: string): Promise<Located[]> => {
  const { code, output } = await runProgram(process.execPath, [
    join(root, 'node_modules', compiler),
    '--project',
    folder,
    '--pretty',
    'false',
  ]);
  const found = [...output.matchAll(/^(.+\.ts)\((\d+),\d+\): error (TS\d+: .*(?:\n {2}.*)*)/gm)];
  if (code !== 0 && found.length === 0) throw new Error(`${from} failed: ${output.trim()}`);
  return found.map(([, file, line, message]) => ({ file: basename(file), line: Number(line), message, from }));
};

const lint = async (): Promise<Located[]> => {
  const eslint = new ESLint({
    cwd: root,
    // An expression at the end of a cell is how a notebook shows a value.
    overrideConfig: { rules: { '@typescript-eslint/no-unused-expressions': 'off' } },
  });
  const results = await eslint.lintFiles([join(folder, '*.ts')]);
  return results.flatMap(({ filePath, messages }) =>
    messages.map(({ line, message, ruleId }) => ({
      file: basename(filePath),
      line,
      message,
      from: `ESLint ${ruleId ?? ''}`.trim(),
    })),
  );
};

/**
 * Checks the code of notebooks under the project's strict rules, with both compilers and ESLint.
 * @returns every complaint, in the order of the notebooks; empty when all is well.
 */
export const checkCells = async (paths: string[]): Promise<CellProblem[]> => {
  if (paths.length === 0) return [];
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(TSCONFIG, null, 2));
  const modules = new Map(paths.map(path => [`${notebookName(path)}.ts`, extractCells(readNotebook(path))]));
  for (const [name, { text }] of modules) writeFileSync(join(folder, name), text);
  const checks = Object.entries(COMPILERS).map(([from, compiler]) => typeCheck(from, compiler));
  const found = [...(await Promise.all(checks)).flat(), ...(await lint())];
  const order = [...modules.keys()];
  return found
    .map(({ file, line, ...rest }) => {
      const module = modules.get(file);
      if (!module) throw new Error(`${rest.from}, ${file}:${line}: ${rest.message}`);
      return { notebook: notebookName(file.replace(/\.ts$/, '')), ...module.origin[line - 1], ...rest };
    })
    .sort((a, b) => order.indexOf(`${a.notebook}.ts`) - order.indexOf(`${b.notebook}.ts`) || a.cell - b.cell);
};
