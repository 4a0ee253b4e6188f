import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { run } from 'node:test';
import { root } from './project';

/** One thing that was checked, and what is wrong with it. */
export type Check = { name: string; problem?: string };

/** How many test files share a process: to load the library takes longer than most of their tests. */
const TOGETHER = 16;

/** Folders whose tests take longest: they begin early, so that at the end no process works alone. */
const SLOW = ['command-line', 'compute', 'queue', 'studies', 'tasks', 'training'];

/** Milliseconds after which a batch that still runs has failed: something hangs. */
const PATIENCE = 600_000;

const BATCHES = join(root, 'node_modules', '.cache', 'cosim', 'tests');
const LONG = '.long.test.ts';

/**
 * The names of the long test files within test/, or of the others; all or those of some folders of it.
 * @throws Error for a folder without any
 */
const testFiles = (long: boolean, folders: readonly string[]): string[] => {
  const all = readdirSync(join(root, 'test'), { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith('.test.ts') && long === name.endsWith(LONG))
    .sort();
  const folderOf = (name: string): string => name.split(/[\\/]/)[0];
  const missing = folders.find(folder => !all.some(name => folderOf(name) === folder));
  if (missing !== undefined)
    throw new Error(`--unit must name folders of test/ with unit tests in them, got '${missing}'`);
  return folders.length === 0 ? all : all.filter(name => folders.includes(folderOf(name)));
};

/** A program that runs test files one after the other, each as a suite of its own with its own hooks. */
const batchSource = (files: readonly string[]): string =>
  [
    "import { createRequire } from 'node:module';",
    "import { describe } from 'node:test';",
    `const load = createRequire(${JSON.stringify(join(root, 'test', 'batch.js'))});`,
    ...files.map(name => JSON.stringify(name)).map(name => `describe(${name}, () => void load('./' + ${name}));`),
  ].join('\n');

/** The test files in batches, a program each: up to `TOGETHER` of one folder of test/, a long one by itself; in order. */
const writeBatches = (files: readonly string[]): Map<string, string[]> => {
  const groups = new Map<string, string[]>();
  for (const name of files) {
    const key = name.endsWith(LONG) ? name : dirname(name).split(/[\\/]/)[0];
    groups.set(key, [...(groups.get(key) ?? []), name]);
  }
  mkdirSync(BATCHES, { recursive: true });
  const batches = new Map<string, string[]>();
  const rank = (key: string): number => Number(SLOW.includes(key));
  const ordered = [...groups].sort(([a], [b]) => rank(b) - rank(a));
  for (const [key, group] of ordered)
    for (let start = 0; start < group.length; start += TOGETHER) {
      const path = join(BATCHES, `${key.replace(/[\\/]/g, '-')}-${start / TOGETHER + 1}.mjs`);
      const own = group.slice(start, start + TOGETHER);
      writeFileSync(path, batchSource(own));
      batches.set(path, own);
    }
  return batches;
};

const SLOWEST = 10;

/** Which files to look at when the tests take too long. */
const printSlowest = (seconds: ReadonlyMap<string, number>): void => {
  const slowest = [...seconds].sort(([, a], [, b]) => b - a).slice(0, SLOWEST);
  const all = [...seconds.values()].reduce((sum, value) => sum + value, 0);
  console.log(`the slowest of ${seconds.size} test files, ${all.toFixed(0)} s one after the other:`);
  for (const [file, value] of slowest) console.log(`  ${value.toFixed(1).padStart(6)} s  test/${file}`);
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

/** Runs the tests in batches of files; every test counts, suites and files only as their tests. */
export const unitTests = (long: boolean, folders: readonly string[]): Promise<Check[]> =>
  new Promise((resolve, reject) => {
    const files = new Set(testFiles(long, folders));
    // Some tests wait for a server or a process; long ones have work for a core, or start more processes.
    const atOnce = availableParallelism() + (long ? 0 : 1);
    const batches = writeBatches([...files]);
    const seconds = new Map<string, number>();
    const checks: Check[] = [];
    const stderr = new Map<string, string>();
    const named = ({ name, file }: { name: string; file?: string }): string =>
      `${file ? `${relative(root, file)}: ` : ''}${name}`;
    const isGroup = (test: { name: string; details: { type?: string } }): boolean =>
      test.details.type === 'suite' || batches.has(test.name);
    const stream = run({ files: [...batches.keys()], concurrency: atOnce, timeout: PATIENCE });
    stream.on('test:stderr', ({ file, message }) => stderr.set(file, (stderr.get(file) ?? '') + message));
    const addTime = ({ name, details }: { name: string; details: { duration_ms: number } }): void => {
      if (files.has(name)) seconds.set(name, details.duration_ms / 1000);
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
      // A process that ended before its tests did: only its error stream knows why.
      const batch = batches.get(test.name);
      const why = (): string => `${error.message}\n${stderr.get(test.name) ?? ''}`;
      if (batch) checks.push({ name: `one of ${batch.join(', ')}`, problem: why() });
      else checks.push({ name: named(test), problem: errorText(error) });
    });
    stream.on('end', () => {
      for (const name of files)
        if (!seconds.has(name)) checks.push({ name: `test/${name}`, problem: 'its process ended before it did' });
      printSlowest(seconds);
      resolve(checks);
    });
    stream.on('error', reject);
    stream.resume();
  });
