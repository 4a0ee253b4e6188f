// Every check of the project, one after the other; a stage that fails does not keep the next from running.
// --fast leaves out running the notebooks and the tests named *.long.test.ts, --static also the unit tests; --unit FOLDER...
// runs nothing but the unit tests of these folders of test/, without the long ones.
import { readFileSync, readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { run } from 'node:test';
import { parseArgs } from 'node:util';
import { checkCells } from './notebook/check-cells';
import { cleanNotebook } from './notebook/clean';
import { findNotebooks, formatNotebook, notebookName, readNotebook } from './notebook/notebook-file';
import { runNotebooks } from './notebook/run';
import { stopSignal } from './notebook/stop';
import { notebooksFolder, root, runProgram } from './project';

/** One thing that was checked, and what is wrong with it. */
type Check = { name: string; problem?: string };

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

/** The test files, all or those of some folders of test/. */
const testFiles = (long: boolean, folders: readonly string[]): string[] =>
  readdirSync(join(root, 'test'), { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith('.test.ts') && (long || !name.endsWith('.long.test.ts')))
    .filter(name => folders.length === 0 || folders.includes(name.split(/[\\/]/)[0]))
    .sort()
    .map(name => join(root, 'test', name));

const SLOWEST = 10;

/** Which files to look at when the tests take too long. */
const printSlowest = (seconds: ReadonlyMap<string, number>): void => {
  const slowest = [...seconds].sort(([, a], [, b]) => b - a).slice(0, SLOWEST);
  const all = [...seconds.values()].reduce((sum, value) => sum + value, 0);
  console.log(`the slowest of ${seconds.size} test files, ${all.toFixed(0)} s one after the other:`);
  for (const [file, value] of slowest) console.log(`  ${value.toFixed(1).padStart(6)} s  ${relative(root, file)}`);
};

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
const unitTests = (long: boolean, folders: readonly string[]): Promise<Check[]> =>
  new Promise((resolve, reject) => {
    const files = testFiles(long, folders);
    const seconds = new Map<string, number>();
    const checks: Check[] = [];
    const stderr = new Map<string, string>();
    const named = ({ name, file }: { name: string; file?: string }): string =>
      `${file ? `${relative(root, file)}: ` : ''}${name}`;
    const isGroup = (test: { name: string; details: { type?: string } }): boolean =>
      test.details.type === 'suite' || files.includes(test.name);
    const stream = run({ files, concurrency: 2 });
    stream.on('test:stderr', ({ file, message }) => stderr.set(file, (stderr.get(file) ?? '') + message));
    const addTime = ({
      file,
      nesting,
      details,
    }: {
      file?: string;
      nesting: number;
      details: { duration_ms: number };
    }) => {
      if (file && nesting === 0) seconds.set(file, (seconds.get(file) ?? 0) + details.duration_ms / 1000);
    };
    stream.on('test:pass', test => {
      addTime(test);
      if (isGroup(test)) return;
      if (test.skip === undefined) checks.push({ name: named(test) });
      else console.log(`skipped ${named(test)}`);
    });
    stream.on('test:fail', test => {
      addTime(test);
      const { error } = test.details;
      const counted = (error as Error & { failureType?: string }).failureType === 'subtestsFailed';
      if (isGroup(test) && counted) return;
      // A file that ended before any of its tests did: only its error stream knows why.
      if (files.includes(test.name))
        checks.push({ name: relative(root, test.name), problem: stderr.get(test.name) ?? '' });
      else checks.push({ name: named(test), problem: errorText(error) });
    });
    stream.on('end', () => {
      printSlowest(seconds);
      resolve(checks);
    });
    stream.on('error', reject);
    stream.resume();
  });

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
      fast: { type: 'boolean', default: false },
      static: { type: 'boolean', default: false },
      unit: { type: 'boolean', default: false },
    },
  });
  const notebooks = findNotebooks(notebooksFolder, []);
  if (values.unit) {
    await stage('unit tests', () => unitTests(false, positionals));
    return finish();
  }
  const cells = (): Promise<void> => stage('notebook cells', () => notebookCells(notebooks));
  await Promise.all([typesAndLint(), format().then(imports).then(unused).then(cells)]); // about as long as each other
  if (!values.static) await stage('unit tests', () => unitTests(!values.fast, []));
  if (!values.static && !values.fast) await stage('notebooks run', () => notebookRuns(notebooks));
  finish();
};

void main();
