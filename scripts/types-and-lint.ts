/*
 * Types and lint from one program: rules that read types ask the checker which has just found them, and nothing is read or
 * checked twice. `node --import tsx scripts/types-and-lint.ts` looks at the whole project and says what is wrong.
 */
import { ESLint, type Linter } from 'eslint';
import { createHash } from 'node:crypto';
import { readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import ts from 'typescript';
import { root } from './project';

const CACHE = join(root, 'node_modules', '.cache', 'cosim');

const FORMAT: ts.FormatDiagnosticsHost = {
  getCanonicalFileName: name => name,
  getCurrentDirectory: () => root,
  getNewLine: () => '\n',
};

/** Folders of TypeScript's configuration, which ESLint looks at too. */
const LINTED = ['src', 'test', 'bench', 'scripts', 'examples'];

/** What is linted, and what is remembered of it. */
type TypesAndLintOptions = {
  /** Of TypeScript's configuration. */
  project: string;
  /** Patterns of the files that ESLint looks at. */
  files: string[];
  /** Rules that differ from the project's. */
  rules?: Linter.RulesRecord;
  /** Keeps what was found until files or rules change, under this name. */
  keepAs?: string;
};

/** Hash of what is installed. */
const installedPackages = (): string =>
  createHash('sha256')
    .update(readFileSync(join(root, 'node_modules', '.package-lock.json')))
    .digest('hex');

const programOf = (project: string, keepAs?: string): ts.EmitAndSemanticDiagnosticsBuilderProgram => {
  const { config, error } = ts.readConfigFile(project, path => ts.sys.readFile(path)) as {
    config: unknown;
    error?: ts.Diagnostic;
  };
  if (error) throw new Error(ts.formatDiagnostic(error, FORMAT));
  const { options, fileNames } = ts.parseJsonConfigFileContent(config, ts.sys, dirname(project), {}, project);
  const kept = keepAs && { incremental: true, tsBuildInfoFile: join(CACHE, `${keepAs}.tsbuildinfo`) };
  return ts.createIncrementalProgram({ rootNames: fileNames, options: { ...options, ...kept } });
};

/** Errors of types, one text each, and ESLint's results. */
export const typesAndLint = async ({
  project,
  files,
  rules = {},
  keepAs,
}: TypesAndLintOptions): Promise<{ types: readonly ts.Diagnostic[]; lint: ESLint.LintResult[] }> => {
  const builder = programOf(project, keepAs);
  const types = [
    ...builder.getConfigFileParsingDiagnostics(),
    ...builder.getSyntacticDiagnostics(),
    ...builder.getGlobalDiagnostics(),
    ...builder.getSemanticDiagnostics(),
  ];
  if (keepAs) builder.emit(); // with noEmit: only what it remembers
  // ESLint's cache asks what configured it; a program answers by the packages whose types it read.
  const programs = Object.assign([builder.getProgram()], { toJSON: () => [installedPackages()] });
  const cacheLocation = join(CACHE, `${keepAs}.lint.json`);
  const eslint = new ESLint({
    cwd: root,
    overrideConfig: { languageOptions: { parserOptions: { projectService: false, programs } }, rules },
    cache: keepAs !== undefined,
    cacheStrategy: 'content', // a fresh clone has new dates
    cacheLocation,
  });
  const lint = await eslint.lintFiles(files);
  // What is wrong in a file may come from another's types: it is looked for anew, not remembered.
  if (lint.some(({ errorCount }) => errorCount > 0)) rmSync(cacheLocation, { force: true });
  return { types, lint };
};

const main = async (): Promise<void> => {
  const { types, lint } = await typesAndLint({
    project: join(root, 'tsconfig.json'),
    files: LINTED,
    keepAs: 'project',
  });
  const format = await new ESLint({ cwd: root }).loadFormatter();
  const problems = [ts.formatDiagnostics(types, FORMAT), await format.format(lint)].filter(text => text !== '');
  console.log(problems.join('\n'));
  process.exitCode = problems.length > 0 ? 1 : 0;
};

if (require.main === module) void main();
