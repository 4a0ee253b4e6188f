import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clock } from '../../src/notebook/pace';
import { progressText } from '../../src/notebook/progress';

const half = { total: 2000, unit: 'images', label: 'digits', done: 1000, seconds: 2, pace: { rate: 500, left: 2 } };

test('clock writes minutes and seconds, and hours when there are some', () => {
  assert.deepEqual([0, 5.4, 83, 3723].map(clock), ['0:00', '0:05', '1:23', '1:02:03']);
});

test('a line half way: bar, share, count, rate, time, time left, extra values', () => {
  assert.equal(
    progressText({ ...half, extra: { loss: 0.123456, memory: '1.2 GiB' } }),
    'digits  ██████████░░░░░░░░░░  50 %  1,000 / 2,000 images · 500 images/s · 0:02, 0:02 left · loss 0.123 · memory 1.2 GiB',
  );
});

test('the last line has no time left, and says when the run was stopped early', () => {
  assert.equal(
    progressText({ ...half, label: '', done: 2000, pace: { rate: 1000, left: 0 }, ended: true }),
    '████████████████████ 100 %  2,000 / 2,000 images · 1,000 images/s · 0:02',
  );
  assert.match(progressText({ ...half, ended: true }), / · 0:02, stopped$/);
});

test('nothing done, a slow rate, more than the total and a total of zero are all sane', () => {
  assert.equal(
    progressText({ ...half, label: '', done: 0, seconds: 0, pace: {} }),
    '░░░░░░░░░░░░░░░░░░░░   0 %  0 / 2,000 images · 0:00',
  );
  assert.match(progressText({ ...half, done: 1, seconds: 2, pace: { rate: 0.5 } }), /0\.5 images\/s/);
  assert.match(progressText({ ...half, done: 3000 }), /█{20} 100 %/);
  assert.match(progressText({ ...half, total: 0, done: 0 }), /100 %/);
});

test('before the total is known the line shows the time alone', () => {
  assert.equal(progressText({ ...half, total: undefined, done: 0, pace: {} }), 'digits  0:02');
});
