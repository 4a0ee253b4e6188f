// Every check of the project, one after the other; a stage that fails does not keep the next from running.
// --all adds the tests named *.long.test.ts; --fast leaves out running the notebooks, --static also the unit tests;
// --unit FOLDER... runs nothing but the unit tests of these folders of test/, without the long ones.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { checkCells } from './notebook/check-cells';
import { cleanNotebook } from './notebook/clean';
import { findNotebooks, formatNotebook, notebookName, readNotebook } from './notebook/notebook-file';
import { runNotebooks } from './notebook/run';
import { stopSignal } from './notebook/stop';
import { notebooksFolder, root, runProgram } from './project';
import { type Check, unitTests } from './unit-tests';

const total = { passed: 0, failed: 0 };

/** Runs one kind of check and reports it; what it throws is a failure of its own. */
const stage = async (name: string, body: () => Promise<Check[]>): Promise<void> => {
  const started = performance.now();
  const checks = await body().catch((error: unknown) => [{ name, problem: (error as Error).stack ?? String(error) }]);
  const failed = checks.filter(check => check.problem !== undefined);
  for (const { name: what, problem = '' } of failed)
    console.log(`FAILED  ${what}\n${problem.trim().replace(/^/gm, '    ')}`);
  const passed = checks.length - failed.length;
  total.passed += passed;
  total.failed += failed.length;
  const seconds = ((performance.now() - started) / 1000).toFixed(1).padStart(6);
  console.log(
    `${name.padEnd(14)} ${seconds} s  ${passed} passed, ${failed.length > 0 ? `${failed.length} FAILED` : 'ok'}`,
  );
};

const installed = (script: string): string => join(root, 'node_modules', script);
const IMPORT_RULES = '.dependency-cruiser.cjs';

/** A check that is one program: it passes when the program ends with 0. */
const program = (name: string, args: string[]): Promise<void> =>
  stage(name, async () => {
    const { code, output } = await runProgram(process.execPath, args);
    return [{ name, problem: code === 0 ? undefined : output }];
  });

const typesAndLint = (): Promise<void> => program('types, lint', ['--import', 'tsx', 'scripts/types-and-lint.ts']);
const format = (): Promise<void> =>
  program('format', [installed('prettier/bin/prettier.cjs'), '--check', '--cache', '--log-level', 'warn', '.']);
const imports = (): Promise<void> =>
  program('imports', [installed('dependency-cruiser/bin/dependency-cruise.mjs'), '--config', IMPORT_RULES, 'src']);
/** Files, exports and packages that nothing uses; .gitignore's /runs/ would hide src/runs from it. */
const unused = (): Promise<void> =>
  program('unused', [installed('knip/bin/knip.js'), '--no-gitignore', '--no-progress']);

const notebookCells = async (paths: string[]): Promise<Check[]> => {
  const problems = await checkCells(paths);
  return paths.flatMap(path => {
    const name = notebookName(path);
    const clean = readFileSync(path, 'utf8') === formatNotebook(cleanNotebook(readNotebook(path)));
    const own = problems.filter(({ notebook }) => notebook === name);
    const lines = own.map(({ cell, line, message, from }) => `${name}:${cell}:${line}: ${message} (${from})`);
    return [
      { name: `${name}: stored clean`, problem: clean ? undefined : 'run: npm run nb:clean' },
      { name: `${name}: types and lint`, problem: lines.length > 0 ? lines.join('\n') : undefined },
    ];
  });
};

const notebookRuns = async (paths: string[]): Promise<Check[]> => {
  const signal = stopSignal(() => console.log('\nStopping the notebooks ...'));
  const results = await runNotebooks(paths, { preset: 'smoke', jobs: 2, signal });
  return results.map(({ name, problems }) => ({
    name: `${name} at smoke`,
    problem: problems.length > 0 ? problems.join('\n') : undefined,
  }));
};

const finish = (): void => {
  console.log(`${total.passed} passed, ${total.failed} failed`);
  process.exitCode = total.failed > 0 ? 1 : 0;
};

const main = async (): Promise<void> => {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: {
      all: { type: 'boolean', default: false },
      fast: { type: 'boolean', default: false },
      static: { type: 'boolean', default: false },
      unit: { type: 'boolean', default: false },
    },
  });
  if (positionals.length > 0 && !values.unit) {
    console.error(`npm test: names of folders must stand behind --unit, got '${positionals.join(' ')}'`);
    process.exitCode = 2;
    return;
  }
  const notebooks = findNotebooks(notebooksFolder, []);
  if (values.unit) {
    await stage('unit tests', () => unitTests(false, positionals));
    return finish();
  }
  const cells = (): Promise<void> => stage('notebook cells', () => notebookCells(notebooks));
  await Promise.all([typesAndLint(), format().then(imports).then(unused).then(cells)]); // about as long as each other
  if (!values.static) await stage('unit tests', () => unitTests(false, []));
  if (!values.static && values.all) await stage('long tests', () => unitTests(true, []));
  if (!values.static && !values.fast) await stage('notebooks run', () => notebookRuns(notebooks));
  finish();
};

void main();
