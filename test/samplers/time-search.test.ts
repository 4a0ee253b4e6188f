import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { karrasTimes } from '../../src/diffusion';
import { edmStart, searchTimes, type TimeSearchEntry } from '../../src/samplers';
import { assertAllClose, assertClose } from '../close';

/** A metric with one minimum that each time can find by itself: the squared distance of the logarithms. */
const bowl =
  (...best: number[]) =>
  (times: readonly number[]): Promise<number> =>
    Promise.resolve(times.reduce((sum, t, i) => sum + Math.log2(t / best[i]) ** 2, 0));

describe('the greedy search for sampling times', () => {
  test("begins at EDM's grid without its last level", () => {
    assert.deepEqual(edmStart(1), [80]);
    assertAllClose(edmStart(4), [80, 17.5278, 2.5152, 0.1698], 1e-3);
    assert.deepEqual(edmStart(4), karrasTimes(5).slice(0, 4));
  });

  test('finds, one time after another, the best factor of each', async () => {
    const { times, value } = await searchTimes({ start: [40, 4], measure: bowl(80, 1), rounds: 1 });
    assert.deepEqual(times, [80, 1]);
    assert.equal(value, 0);
  });

  test('a second round looks between the factors of the first', async () => {
    const target = 4 * Math.SQRT2;
    const once = await searchTimes({ start: [4], measure: bowl(target), rounds: 1 });
    const twice = await searchTimes({ start: [4], measure: bowl(target), rounds: 2 });
    assertClose(once.value, 0.25, 1e-9);
    assertClose(twice.value, 0, 1e-9);
    assertClose(twice.times[0], target, 1e-9);
  });

  test('never asks for times that rise or exceed the largest, and keeps the start where nothing is better', async () => {
    const asked: (readonly number[])[] = [];
    const { times, landscape } = await searchTimes({
      start: [80, 4, 1],
      measure: candidate => {
        asked.push(candidate);
        return bowl(80, 4, 1)(candidate);
      },
    });
    assert.deepEqual(times, [80, 4, 1]);
    for (const candidate of asked) {
      assert.ok(candidate[0] <= 80);
      for (let i = 1; i < 3; i++) assert.ok(candidate[i] < candidate[i - 1]);
    }
    assert.equal(new Set(asked.map(c => c.join())).size, asked.length);
    for (const { index, time, times: at } of landscape) assert.equal(at[index], time);
  });

  test('tells of every evaluation, and stops between two of them', async () => {
    const seen: TimeSearchEntry[] = [];
    const stop = new AbortController();
    const search = searchTimes({
      start: [10, 1],
      measure: bowl(10, 1),
      signal: stop.signal,
      onEvaluation: (entry, done, atMost) => {
        seen.push(entry);
        assert.ok(done === seen.length && done <= atMost);
        if (done === 3) stop.abort(new Error('enough'));
      },
    });
    await assert.rejects(search, /enough/);
    assert.equal(seen.length, 3);
  });

  test('bad input is refused by name', async () => {
    const measure = bowl(1, 1);
    await assert.rejects(searchTimes({ start: [1, 2], measure }), /searchTimes: start must be decreasing/);
    await assert.rejects(
      searchTimes({ start: [100, 2], scales: [1, 2], measure }),
      /searchTimes: start must be below sigmaMax, 80, or a scale away from it, got \[100,2\]/,
    );
    await assert.rejects(searchTimes({ start: [100, 90], measure }), /start must be below sigmaMax/);
    const far = await searchTimes({ start: [100, 2], measure: ([t]) => Promise.resolve(Math.abs(t - 50)) });
    assert.deepEqual(far.times, [50, 2]);
    await assert.rejects(searchTimes({ start: [1], measure, rounds: 0 }), /rounds must be an integer from 1/);
    await assert.rejects(
      searchTimes({ start: [1], measure, scales: [0] }),
      /scales\[0\] must be a finite number above 0/,
    );
    await assert.rejects(
      searchTimes({ start: [1], measure: () => Promise.resolve(NaN) }),
      /measure must be a finite metric at the start, got NaN/,
    );
  });
});
