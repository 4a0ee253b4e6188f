import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import type { Dataset } from '../../src/datasets';
import { cosim } from '../../src/methods';
import { drawInputs } from '../../src/training';
import type { BatchSlice } from '../../src/training';
import { drawAhead } from '../../src/training/draw-ahead';
import { tinyMlp, tinyPoints } from '../tiny';

const method = cosim(tinyMlp(), tinyMlp());
const [psi, phi] = method.updates;
const slice = (step: number, first: number): BatchSlice => ({ seed: 1, step, batch: 8, first, count: 4 });
/** What a run asks for, in order. */
const inOrder = [0, 1, 2].flatMap(step =>
  [psi, phi].flatMap(update => [0, 4].map(first => [update, slice(step, first)] as const)),
);

/** Points that remember which batches were read, and take `delay` ms for each. */
const watched = (delay = 0): { dataset: Dataset; read: string[] } => {
  const read: string[] = [];
  return {
    read,
    dataset: {
      ...tinyPoints,
      batch: async indices => {
        read.push(indices.join());
        await pause(delay);
        return tinyPoints.batch(indices);
      },
    },
  };
};

describe('drawing ahead', () => {
  test('gives what drawing at once gives, and reads every batch once', async () => {
    const { dataset, read } = watched(1);
    const draw = drawAhead(method, dataset, 2);
    for (const [update, wanted] of inOrder) {
      assert.deepEqual(await draw(update, wanted), await drawInputs(update.inputs, tinyPoints, wanted));
      await pause(5);
    }
    while (read.length < inOrder.length + 2) await pause(1);
    assert.equal(new Set(read).size, read.length);
    assert.equal(read.length, inOrder.length + 2);
  });

  test('while a step computes, what comes next is read; no more than `ahead` slices', async () => {
    const { dataset, read } = watched();
    const draw = drawAhead(method, dataset, 3);
    await Promise.all([draw(psi, slice(0, 0)), draw(psi, slice(0, 4))]);
    while (read.length < 5) await pause(1);
    await pause(30);
    assert.equal(read.length, 5);
    // phi reads the odd batches: 8 to 15 of step 0; then psi's of step 1 from 16 on
    assert.deepEqual(read.slice(2), ['8,9,10,11', '12,13,14,15', '16,17,18,19']);
    await draw(phi, slice(0, 0));
    assert.equal(read.length, 5);
  });

  test('a step waits for nothing that was read while the one before computed', async () => {
    let [finished, open] = [0, (): void => undefined];
    let gate = Promise.resolve();
    const dataset: Dataset = {
      ...tinyPoints,
      batch: async indices => {
        await gate;
        finished++;
        return tinyPoints.batch(indices);
      },
    };
    const draw = drawAhead(method, dataset, 2);
    await draw(...inOrder[0]);
    while (finished < 3) await pause(1); // the step computes
    gate = new Promise(resolve => (open = resolve)); // from here on nothing can be read
    await draw(...inOrder[1]);
    await draw(...inOrder[2]);
    assert.equal(finished, 3);
    const third = draw(...inOrder[3]);
    open();
    await third;
    assert.ok(finished > 3);
  });

  test('an error reaches whoever asks for the slice, and only then; asking again tries again', async () => {
    let broken = true;
    const dataset: Dataset = {
      ...tinyPoints,
      batch: indices =>
        broken && indices[0] === 8 ? Promise.reject(new Error('cannot be read')) : tinyPoints.batch(indices),
    };
    const draw = drawAhead(method, dataset, 2);
    await draw(psi, slice(0, 4));
    await pause(10);
    await assert.rejects(draw(phi, slice(0, 0)), /cannot be read/);
    broken = false;
    assert.deepEqual(await draw(phi, slice(0, 0)), await drawInputs(phi.inputs, tinyPoints, slice(0, 0)));
  });
  test('goes on where who is told of a slice throws: whoever asks for it has it', async () => {
    const { dataset, read } = watched();
    const draw = drawAhead(method, dataset, 1);
    const onAhead = (): void => {
      throw new Error('no room');
    };
    for (const [i, [update, wanted]] of inOrder.slice(0, 3).entries()) {
      await draw(update, wanted, { onAhead });
      for (let turns = 0; read.length < i + 2 && turns < 1000; turns++) await pause(1);
      assert.equal(read.length, i + 2); // the next is drawn ahead again
      await pause(1);
    }
  });
});
