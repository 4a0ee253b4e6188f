import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { selectBackend } from '../../src/compute/backend';
import { ablate, type AblateOptions } from '../../src/studies';
import { tinyTask } from '../tasks/tiny-task';
import { temporaryFolder } from '../temporary-folder';

const place = temporaryFolder();
before(() => selectBackend({ backend: 'cpu' }));

const small = { images: 8, n: 5, run: { batch: 4, engine: 'eager' as const } };

const withTask = async (use: (task: ReturnType<typeof tinyTask>) => Promise<void>): Promise<void> => {
  const task = tinyTask();
  try {
    await use(task);
  } finally {
    task.dispose();
  }
};

test('every value is trained with every seed, seeds outermost; chart and table have one place for each value', () =>
  withTask(async task => {
    const labels: string[] = [];
    const onProgress = (_done: number, total: number, label: string) => labels.push(`${label} of ${total}`);
    const where = { folder: place('one'), onProgress };
    const { points, chart, rows } = await ablate(task, { vary: { R: [1, 2] }, seeds: [0, 1], ...small }, where);
    assert.deepEqual(
      points.map(({ values, seed }) => [values, seed]),
      [
        [{ R: 1 }, 0],
        [{ R: 2 }, 0],
        [{ R: 1 }, 1],
        [{ R: 2 }, 1],
      ],
    );
    assert.deepEqual([...new Set(labels)], ['R 1, seed 0 of 32', 'R 2, seed 0 of 32', 'R 1, seed 1 of 32', 'R 2, seed 1 of 32']); // prettier-ignore
    assert.equal(new Set(points.map(({ value }) => value)).size, 4);
    const [first, second] = rows;
    assert.deepEqual(first, { R: '1', 'mean square': [points[0].value, points[2].value] });
    assert.deepEqual(second, { R: '2', 'mean square': [points[1].value, points[3].value] });
    assert.match(JSON.stringify(chart), /8 training images, n = 5; 2 seeds/);
  }));

test('only what depends on a change is computed: other values are found, other sampling trains nothing', () =>
  withTask(async task => {
    const where = { folder: place('kept') };
    const run = async (options: AblateOptions) => {
      const before = task.measured.length;
      let trained = 0;
      const onProgress = (done: number, _total: number, _label: string, found?: unknown) => {
        if (found === undefined && done % small.images !== 0) trained++; // in the middle of a training
      };
      const { points } = await ablate(task, { ...small, ...options }, { ...where, onProgress });
      return { points, trained, measured: task.measured.length - before };
    };
    const first = await run({ vary: { coef: [0.5, 1] } });
    assert.deepEqual([first.trained, first.measured], [2, 2]);
    const more = await run({ vary: { coef: [0.5, 0.75, 1] } });
    assert.deepEqual([more.trained, more.measured], [1, 1]);
    assert.deepEqual([more.points[0], more.points[2]], first.points);
    assert.ok(more.points.every(({ madeBy }) => madeBy!.length > 0));
    const sampled = await run({ vary: { coef: [0.5, 1], steps: [1, 4] } });
    assert.deepEqual([sampled.trained, sampled.measured], [0, 2]); // four steps were there
    assert.deepEqual(
      sampled.points.map(({ values }) => values),
      [
        { coef: 0.5, steps: 1 },
        { coef: 0.5, steps: 4 },
        { coef: 1, steps: 1 },
        { coef: 1, steps: 4 },
      ],
    );
  }));

test('options of training, of sampling and texts vary too', () =>
  withTask(async task => {
    const where = { folder: place('kinds') };
    const times = [[80], [80, 2]];
    const sampled = await ablate(task, { vary: { times }, ...small }, where);
    assert.deepEqual(sampled.rows.map(row => row.times), ['80', '80, 2']); // prettier-ignore
    const rates = await ablate(task, { vary: { learningRate: [1e-4, 1e-2], images: [4, 8] }, ...small }, where);
    assert.equal(new Set(rates.points.map(({ value }) => value)).size, 4);
    const { chart } = await ablate(task, { vary: { divergence: ['square', 'pseudo-huber'] }, ...small }, where);
    assert.match(JSON.stringify(chart), /"category":"pseudo-huber"/);
  }));

test('what cannot be varied is refused before anything is trained', () =>
  withTask(async task => {
    const refused = (vary: object, message: RegExp) =>
      assert.rejects(ablate(task, { vary, ...small }, { folder: place('none') }), message);
    await refused({}, /ablate: vary must be one option or two, got 0/);
    await refused({ Q: [1] }, /unknown option 'Q'/);
    await refused({ R: [] }, /vary.R must be a list of values/);
    await refused({ R: [1, 0.5] }, /R must be/);
    await refused({ seed: [1] }, /`seeds` has one training for each/);
    await refused({ steps: [4, 3] }, /steps must be .* known times \(1, 2, 4, 6\), or `times` given, got 3/);
    await refused({ batch: [0] }, /batch must be/);
    assert.equal(task.measured.length, 0);
  }));
