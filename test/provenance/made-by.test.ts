import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { writeKept } from '../../src/checkpoints';
import { selectBackend } from '../../src/compute/backend';
import { chooseCompute } from '../../src/compute/engine-choice';
import { collectMadeBy } from '../../src/figures';
import { beginMaking, commitHash, distinctMadeBy, isStale, type Made, type MadeBy } from '../../src/provenance';
import { configHash, sweep } from '../../src/studies/sweep';
import { withFolder } from '../temporary-folder';

const file = join(__dirname, '..', '..', 'src', 'studies', 'sweep.ts');
const today = beginMaking(file)();
const before: MadeBy = { ...today, commit: '0ld', code: '0000000000000000' };

type Row = { value: number } & Made;

const run = async (folder: string, fresh: boolean) => {
  const evaluate = (): Promise<Row[]> => Promise.resolve([{ value: 2 }]);
  return (await sweep({ configs: [{ x: 1 }], folder, code: file, fresh, evaluate }))[0];
};

/** Puts a result in the place of the sweep's. */
const keep = (folder: string, content: object): Promise<void> =>
  writeKept(join(folder, `${configHash({ x: 1 })}.json`), { x: 1 }, content);

test('what made a result names the backend, the engines that computed, and the versions of optional packages', async () => {
  await selectBackend({ backend: 'wasm' });
  await chooseCompute('eager');
  const plain = beginMaking(file)();
  assert.equal(plain.engine, 'wasm');
  await chooseCompute('onnx');
  const compiled = beginMaking(file)();
  assert.equal(compiled.engine, 'wasm, onnx');
  assert.match(compiled.versions['onnxruntime-node'], /^\d+\.\d+\.\d+$/);
});

test('a result from the cache carries the commit and code that computed it, not those of today', () =>
  withFolder(async folder => {
    const first = await run(folder, false);
    assert.deepEqual([first.madeBy[0].code, first.cached, first.stale], [today.code, false, false]);
    await keep(folder, { result: first.result, madeBy: [before] });
    const again = await run(folder, false);
    assert.deepEqual([again.cached, again.stale, again.madeBy], [true, true, [before]]);
    assert.deepEqual(again.result, [{ value: 2, madeBy: [before], stale: true }]);
  }));

test('fresh computes again what other or unknown code computed, and nothing else', () =>
  withFolder(async folder => {
    await run(folder, false);
    assert.equal((await run(folder, true)).cached, true);
    await keep(folder, { result: [{ value: 1 }], madeBy: [] });
    const unknown = await run(folder, false);
    assert.deepEqual([unknown.stale, unknown.madeBy], [true, []]);
    const fresh = await run(folder, true);
    assert.deepEqual([fresh.cached, fresh.stale, fresh.result[0].value], [false, false, 2]);
  }));

test('rows of a study that was stopped say so', () =>
  withFolder(async folder => {
    const evaluate = ({ x }: { x: number }): Promise<Row[] | undefined> =>
      Promise.resolve(x === 1 ? [{ value: 2 }] : undefined);
    const entries = await sweep({ configs: [{ x: 1 }, { x: 2 }], folder, code: file, evaluate });
    assert.equal(entries[0].result[0].interrupted, true);
    assert.equal(collectMadeBy(entries[0].result).interrupted, true);
  }));

test('a figure keeps its makers once, and each row the places of its own', () => {
  const rows = [
    { value: 1, madeBy: [before], stale: true },
    { value: 2, madeBy: [today] },
    { value: 3, madeBy: [before, today] },
    { value: 4, madeBy: [] },
  ];
  const { numbers, madeBy, unknown } = collectMadeBy({ points: rows });
  assert.deepEqual(
    madeBy.map(({ commit }) => commit),
    ['0ld', today.commit],
  );
  assert.equal(unknown, true);
  assert.deepEqual(numbers, {
    points: [
      { value: 1, madeBy: [0] },
      { value: 2, madeBy: [1] },
      { value: 3, madeBy: [0, 1] },
      { value: 4, madeBy: [] },
    ],
  });
});

test('equal makers are one, with the latest date and all seconds; unknown makers are stale', () => {
  const later = { ...before, date: '2999-01-01T00:00:00.000Z', seconds: 2 };
  const [one, ...none] = distinctMadeBy([{ ...before, seconds: 1 }, later]);
  assert.deepEqual([one.seconds, one.date, none], [3, later.date, []]);
  assert.deepEqual([isStale([]), isStale([today]), isStale([today, before])], [true, false, true]);
});

test('a record that many results have copies of, as the training behind several measurements, counts once', () => {
  const training = { ...today, seconds: 2000 };
  const copies = [training, structuredClone(training), { ...training, date: '2026-01-01T00:00:00.000Z', seconds: 5 }];
  assert.deepEqual(distinctMadeBy(copies).map(({ seconds }) => seconds), [2005]); // prettier-ignore
});

test('the commit is that of this package, not of the repository that it is installed in', () =>
  withFolder(async project => {
    const git = (...args: string[]): string =>
      execFileSync('git', ['-C', project, '-c', 'user.name=a', '-c', 'user.email=a@b', ...args], { encoding: 'utf8' });
    git('init', '-q');
    await writeFile(join(project, 'paper.txt'), 'a project with cosim in it');
    git('add', '-A');
    git('commit', '-qm', 'first');
    const installed = join(project, 'node_modules', 'cosim');
    await mkdir(installed, { recursive: true });
    assert.equal(commitHash(installed), 'unknown', 'it was not built here');
    assert.equal(commitHash(project), git('rev-parse', '--short', 'HEAD').trim());
    await writeFile(join(project, 'paper.txt'), 'changed');
    assert.match(commitHash(project), /^[0-9a-f]{7,}-dirty$/);
  }));
