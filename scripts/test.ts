// Every check of the project, one after the other; a stage that fails does not keep the next from running.
// --fast leaves out running the notebooks, --static also the unit tests.
import { readFileSync, readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { run } from 'node:test';
import { parseArgs } from 'node:util';
import { checkCells } from './notebook/check-cells';
import { cleanNotebook } from './notebook/clean';
import { findNotebooks, formatNotebook, notebookName, readNotebook } from './notebook/notebook-file';
import { runNotebooks } from './notebook/run';
import { notebooksFolder, root, runProgram } from './project';

const count = { passed: 0, failed: 0 };

const record = (name: string, problem?: string): void => {
  if (problem === undefined) count.passed++;
  else {
    count.failed++;
    console.log(`FAILED  ${name}${problem ? `\n${problem.trim().replace(/^/gm, '    ')}` : ''}`);
  }
};

const stage = async (name: string, body: () => Promise<void>): Promise<void> => {
  const [started, { passed, failed }] = [performance.now(), count];
  await body().catch((error: unknown) => record(name, (error as Error).stack ?? String(error)));
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  const failures = count.failed - failed;
  const result = failures > 0 ? `${failures} FAILED` : 'ok';
  console.log(`${name.padEnd(14)} ${seconds.padStart(6)} s  ${count.passed - passed} passed, ${result}`);
};

/** A check that is one program: it passes when the program ends with 0. */
const program = (name: string, script: string, ...args: string[]): Promise<void> =>
  stage(name, async () => {
    const { code, output } = await runProgram(process.execPath, [join(root, 'node_modules', script), ...args]);
    record(name, code === 0 ? undefined : output);
  });

const testFiles = (): string[] =>
  readdirSync(join(root, 'test'), { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith('.test.ts'))
    .sort()
    .map(name => join(root, 'test', name));

/** Where an assertion failed and what it saw, without the frames of Node. */
const errorText = (error: Error): string => {
  const cause = error.cause instanceof Error ? error.cause : error;
  return (cause.stack ?? cause.message)
    .split('\n')
    .filter(line => !/^\s+at .*node:/.test(line))
    .join('\n')
    .replaceAll(`${root}/`, '');
};

/** Runs the test files in processes of their own, two at a time; every test counts, suites and files only as their tests. */
const unitTests = (): Promise<void> =>
  new Promise((resolve, reject) => {
    const files = testFiles();
    const named = ({ name, file }: { name: string; file?: string }): string =>
      `${file ? `${relative(root, file)}: ` : ''}${name}`;
    const stream = run({ files, concurrency: 2 });
    const stderr = new Map<string, string>();
    stream.on('test:stderr', ({ file, message }) => stderr.set(file, (stderr.get(file) ?? '') + message));
    const isGroup = (test: { name: string; details: { type?: string } }): boolean =>
      test.details.type === 'suite' || files.includes(test.name);
    stream.on('test:pass', test => {
      if (isGroup(test)) return;
      if (test.skip === undefined) record(named(test));
      else console.log(`skipped ${named(test)}`);
    });
    stream.on('test:fail', test => {
      const { error } = test.details;
      const counted = (error as Error & { failureType?: string }).failureType === 'subtestsFailed';
      const crashed = files.includes(test.name); // no test ran: only the process itself knows why
      const detail = crashed ? (stderr.get(test.name) ?? '') : errorText(error);
      if (!(isGroup(test) && counted)) record(crashed ? relative(root, test.name) : named(test), detail);
    });
    stream.on('end', resolve).on('error', reject);
    stream.resume();
  });

const notebookChecks = async (paths: string[]): Promise<void> => {
  const problems = await checkCells(paths);
  for (const path of paths) {
    const name = notebookName(path);
    const clean = readFileSync(path, 'utf8') === formatNotebook(cleanNotebook(readNotebook(path)));
    record(`${name}: stored clean`, clean ? undefined : 'run: npm run nb:clean');
    const own = problems.filter(({ notebook }) => notebook === name);
    const lines = own.map(({ cell, line, message, from }) => `${name}:${cell}:${line}: ${message} (${from})`);
    record(`${name}: types and lint`, lines.length > 0 ? lines.join('\n') : undefined);
  }
};

const main = async (): Promise<void> => {
  const { values } = parseArgs({
    options: { fast: { type: 'boolean', default: false }, static: { type: 'boolean', default: false } },
  });
  const notebooks = findNotebooks(notebooksFolder, []);
  await program('types', 'typescript/bin/tsc', '-p', 'tsconfig.json');
  await program('lint', 'eslint/bin/eslint.js', '.', '--max-warnings', '0', '--ignore-pattern', '.jupyter/');
  await program('format', 'prettier/bin/prettier.cjs', '--check', '--log-level', 'warn', '.');
  if (!values.static) await stage('unit tests', unitTests);
  await stage('notebook cells', () => notebookChecks(notebooks));
  if (!values.static && !values.fast)
    await stage('notebooks run', async () => {
      const results = await runNotebooks(notebooks, { preset: 'smoke', jobs: 2, write: false });
      for (const { name, problems } of results) record(name, problems.length > 0 ? problems.join('\n') : undefined);
    });
  console.log(`${count.passed} passed, ${count.failed} failed`);
  process.exitCode = count.failed > 0 ? 1 : 0;
};

void main();
