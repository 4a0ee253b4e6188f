import assert from 'node:assert/strict';
import { test } from 'node:test';
import { workTexts } from '../../src/command-line/working-line';
import { paceMeter } from '../../src/notebook/pace';

/** A meter and the clock it reads. */
const metered = () => {
  let time = 0;
  const pace = paceMeter(() => time);
  return { pace, wait: (seconds: number) => void (time += 1000 * seconds) };
};

test('a run that goes on from a checkpoint counts only the images of now', () => {
  const { pace, wait } = metered();
  assert.deepEqual(pace({ done: 145_920, total: 1_024_000 }), { seconds: 0 });
  wait(10);
  assert.deepEqual(pace({ done: 145_920 + 640, total: 1_024_000 }), { seconds: 10, rate: 64, left: 877_440 / 64 });
});

test('what was found between does not count: the rate is that of what was made', () => {
  const { pace, wait } = metered();
  pace({ done: 500, total: 2000, made: 0 });
  wait(20);
  assert.deepEqual(pace({ done: 1600, total: 2000, made: 100 }), { seconds: 20, rate: 5, left: 80 });
});

test('time before anything is made is no part of the rate, a falling count begins anew, a short time has no rate', () => {
  const { pace, wait } = metered();
  pace({ done: 0, total: 100 });
  wait(60); // a compilation
  pace({ done: 0, total: 100 });
  wait(2);
  assert.deepEqual(pace({ done: 50, total: 100 }), { seconds: 2, rate: 25, left: 2 });
  assert.deepEqual(pace({ done: 10, total: 100 }), { seconds: 0 });
  wait(0.25);
  assert.deepEqual(pace({ done: 20, total: 100 }), { seconds: 0.25 });
  wait(0.75);
  assert.deepEqual(pace({ done: 30 }), { seconds: 1, rate: 20 });
  assert.equal(pace({ done: 120, total: 100 }).left, 0);
});

test('the first report of a stage says how far it is and no more', () => {
  const text = workTexts();
  assert.equal(text({ stage: 'reference', done: 1200, total: 6000 }), 'reference: 1,200 of 6,000 images');
  assert.equal(text({ stage: 'measured', done: 6000, total: 6000 }), 'measured: 6,000 of 6,000 images');
});
