import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { before, describe, test } from 'node:test';
import { selectBackend } from '../../src/compute/backend';
import { METHOD_PRESET_NAMES, METHOD_PRESETS } from '../../src/methods';
import {
  compareMethods,
  finalPoints,
  iterationCosts,
  type MethodPoint,
  methodRows,
  type MethodsOptions,
  teacherPoints,
} from '../../src/studies';
import { tinyTask } from '../tasks/tiny-task';
import { withFolder } from '../temporary-folder';

before(() => selectBackend({ backend: 'wasm' }));

const options: MethodsOptions = {
  methods: METHOD_PRESET_NAMES,
  seeds: [0, 1],
  evaluateAt: [4, 8],
  slowEvaluateAt: [4],
  evaluations: [1, 3],
  n: 5,
  run: { batch: 4, engine: 'eager' },
};

describe('the comparison of methods', () => {
  test('every method and seed is trained once, measured at its own steps, and found in the cache afterwards', async () => {
    await withFolder(async folder => {
      const task = tinyTask();
      const points = await compareMethods(task, options, folder);
      for (const { name, steps, method } of Object.values(METHOD_PRESETS))
        for (const seed of options.seeds) {
          const own = points.filter(point => point.method === name && point.seed === seed);
          const at = method.kind === 'hsivi' ? options.slowEvaluateAt : options.evaluateAt;
          assert.deepEqual(
            own.map(({ images, nfe }) => [images, nfe]),
            at.flatMap(images => steps.map(nfe => [images, nfe])),
          );
          for (const { iterations, images } of own) assert.equal(iterations, images! / 4);
        }
      assert.equal((await readdir(folder)).length, METHOD_PRESET_NAMES.length * 2);
      const calls = task.measured.length;
      assert.deepEqual(await compareMethods(task, options, folder), points);
      assert.equal(task.measured.length, calls);
      // another list of seeds computes only what is new
      await compareMethods(task, { ...options, methods: ['sid'], seeds: [1, 2] }, folder);
      assert.equal((await readdir(folder)).length, METHOD_PRESET_NAMES.length * 2 + 1);
      task.dispose();
    });
  });

  test('stopped, it keeps what is finished and goes on', async () => {
    await withFolder(async folder => {
      const task = tinyTask();
      const stop = new AbortController();
      const some = { ...options, methods: ['sid', 'moments4'], seeds: [0] };
      const labels = new Set<string>();
      const first = await compareMethods(task, some, folder, {
        signal: stop.signal,
        onProgress: (done, total, label) => {
          labels.add(label);
          assert.ok(done <= total);
          if (label.startsWith('Moment')) stop.abort();
        },
      });
      assert.deepEqual([...new Set(first.map(({ method }) => method))], ['SiD']);
      const whole = await compareMethods(task, some, folder);
      assert.deepEqual([...new Set(whole.map(({ method }) => method))], ['SiD', 'Moment Matching']);
      assert.deepEqual([...labels], ['SiD, seed 0', 'Moment Matching, seed 0']);
      task.dispose();
    });
  });

  test("the teacher's rows: one a block of seeds", async () => {
    await withFolder(async folder => {
      const task = tinyTask();
      const rows = await teacherPoints(task, options, folder);
      assert.deepEqual(
        rows.map(({ method, nfe, seed }) => [method, nfe, seed]),
        [1, 3].flatMap(nfe => [0, 1].map(seed => ['teacher', nfe, seed])),
      );
      task.dispose();
    });
  });

  test('an unknown method is refused with the nearest name', async () => {
    const task = tinyTask();
    await assert.rejects(
      compareMethods(task, { ...options, methods: ['hsvi'] }, '.'),
      /unknown method 'hsvi'.*'hsivi'/s,
    );
    task.dispose();
  });

  test('the cost of an iteration is measured in alternation, the first one apart', async () => {
    const task = tinyTask();
    const cost = { methods: ['cosim', 'hsivi'], layers: [16], run: options.run, iterations: 3 };
    const costs = await iterationCosts(task, cost);
    assert.deepEqual(
      costs.map(({ method, iterations }) => [method, iterations]),
      ['CoSIM', 'HSIVI-SM', 'HSIVI-SM, K = 16'].map(name => [name, 3]),
    );
    const [continuous, four, sixteen] = costs.map(({ secondsPerIteration }) => secondsPerIteration);
    assert.ok(four > 2 * continuous, '20 updates of psi and a simulation cost more');
    assert.ok(sixteen > 1.2 * four, 'every layer is simulated');
    task.dispose();
  });
});

test('of each method, NFE and seed the last measurement counts', () => {
  const point = (method: string, seed: number, images: number, value: number): MethodPoint => ({
    method,
    seed,
    images,
    value,
    nfe: 2,
    n: 10,
    nReference: 20,
    floor: 0,
  });
  const points = [point('a', 0, 100, 5), point('a', 0, 200, 4), point('a', 1, 200, 3), point('b', 0, 100, 9)];
  assert.deepEqual(
    finalPoints(points).map(({ value }) => value),
    [4, 3, 9],
  );
  assert.deepEqual(
    methodRows(points).map(({ method, metric }) => [method, metric]),
    [
      ['a', [4, 3]],
      ['b', [9]],
    ],
  );
});
