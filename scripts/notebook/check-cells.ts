import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import ts from 'typescript';
import { jupyterFolder, root, runProgram } from '../project';
import { typesAndLint } from '../types-and-lint';
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

type Located = { file: string; line: number; message: string; from: string };

/** The older TypeScript inside the kernel. */
const inKernel = async (): Promise<Located[]> => {
  const compiler = join(root, 'node_modules', '@tslab/typescript-for-tslab/lib/tsc.js');
  const from = 'TypeScript of tslab';
  const { code, output } = await runProgram(process.execPath, [compiler, '--project', folder, '--pretty', 'false']);
  const found = [...output.matchAll(/^(.+\.ts)\((\d+),\d+\): error (TS\d+: .*(?:\n {2}.*)*)/gm)];
  if (code !== 0 && found.length === 0) throw new Error(`${from} failed: ${output.trim()}`);
  return found.map(([, file, line, message]) => ({ file: basename(file), line: Number(line), message, from }));
};

/** The project's TypeScript and its rules. */
const inProject = async (): Promise<Located[]> => {
  const { types, lint } = await typesAndLint({
    project: join(folder, 'tsconfig.json'),
    files: [join(folder, '*.ts')],
    rules: { '@typescript-eslint/no-unused-expressions': 'off' }, // at the end of a cell they show a value
  });
  const located = types.map(({ file, start = 0, code, messageText }) => ({
    file: file ? basename(file.fileName) : 'tsconfig.json',
    line: file ? file.getLineAndCharacterOfPosition(start).line + 1 : 1,
    message: `TS${code}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`,
    from: 'TypeScript of the project',
  }));
  const broken = lint.flatMap(({ filePath, messages }) =>
    messages.map(({ line, message, ruleId }) => ({
      file: basename(filePath),
      line,
      message,
      from: `ESLint ${ruleId ?? ''}`.trim(),
    })),
  );
  return [...located, ...broken];
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
  const found = (await Promise.all([inKernel(), inProject()])).flat();
  const order = [...modules.keys()];
  return found
    .map(({ file, line, ...rest }) => {
      const module = modules.get(file);
      if (!module) throw new Error(`${rest.from}, ${file}:${line}: ${rest.message}`);
      return { notebook: notebookName(file.replace(/\.ts$/, '')), ...module.origin[line - 1], ...rest };
    })
    .sort((a, b) => order.indexOf(`${a.notebook}.ts`) - order.indexOf(`${b.notebook}.ts`) || a.cell - b.cell);
};
