import assert from 'node:assert/strict';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { beginMaking } from '../../src/provenance';
import { configHash, sweep } from '../../src/studies/sweep';
import { withFolder } from '../temporary-folder';

test('the hash of a configuration does not depend on the order of its keys, and changes with any value', () => {
  assert.equal(configHash({ a: 1, b: { c: 2, d: 3 } }), configHash({ b: { d: 3, c: 2 }, a: 1 }));
  assert.notEqual(configHash({ a: 1 }), configHash({ a: 2 }));
});

test('only configurations that changed are evaluated again; damaged results are computed anew', () =>
  withFolder(async folder => {
    const evaluated: number[] = [];
    const run = (values: number[]) =>
      sweep({
        configs: values.map(x => ({ x })),
        folder,
        evaluate: ({ x }) => {
          evaluated.push(x);
          return Promise.resolve(x * x);
        },
      });
    await run([1, 2, 3]);
    const again = await run([1, 4, 3]);
    assert.deepEqual(evaluated, [1, 2, 3, 4]);
    assert.deepEqual(
      again.map(({ result, cached }) => [result, cached]),
      [
        [1, true],
        [16, false],
        [9, true],
      ],
    );
    const [first] = (await readdir(folder)).filter(name => name.startsWith(configHash({ x: 1 })));
    await writeFile(join(folder, first), '{"config": {"x": 1}, "resu');
    assert.equal((await run([1]))[0].cached, false);
  }));

test('seconds of a part that is made meanwhile count once, as its own; those of earlier parts stay', () =>
  withFolder(async folder => {
    const part = beginMaking(require.resolve('../../src/studies/sweep'));
    const earlier = { ...part(), date: '2020-01-01T00:00:00.000Z', code: 'earlier', seconds: 100 };
    const began = performance.now();
    const [{ madeBy }] = await sweep({
      configs: [{ x: 1 }],
      folder,
      evaluate: async (_, addMadeBy) => {
        const done = beginMaking(require.resolve('../../src/studies/sweep'));
        await new Promise(resolve => setTimeout(resolve, 200));
        addMadeBy([earlier, { ...done(), code: 'part' }]);
        return 1;
      },
    });
    const elapsed = (performance.now() - began) / 1000;
    const total = madeBy.reduce((sum, { seconds }) => sum + seconds, 0);
    assert.deepEqual(madeBy.map(({ code }) => code).slice(0, 2), ['earlier', 'part']);
    assert.ok(madeBy[1].seconds >= 0.19);
    assert.ok(total - 100 <= elapsed + 0.02, `${total} s of 100 s and ${elapsed} s`);
  }));

test('an aborted evaluation ends the sweep and leaves no result', () =>
  withFolder(async folder => {
    const entries = await sweep({
      configs: [{ x: 1 }, { x: 2 }, { x: 3 }],
      folder,
      evaluate: ({ x }) => Promise.resolve(x === 2 ? undefined : x),
    });
    assert.deepEqual(
      entries.map(entry => entry.result),
      [1],
    );
    assert.equal((await readdir(folder)).length, 1);
  }));

test('aborted, a sweep starts nothing more and takes what an evaluation throws for its end; other errors stay errors', () =>
  withFolder(async folder => {
    const stop = new AbortController();
    const asked: number[] = [];
    const run = (signal?: AbortSignal) =>
      sweep({
        configs: [{ x: 1 }, { x: 2 }, { x: 3 }],
        folder,
        signal,
        evaluate: ({ x }) => {
          asked.push(x);
          if (x === 1) return Promise.resolve(x);
          if (signal) stop.abort();
          return Promise.reject(new Error('stopped half-way'));
        },
      });
    assert.deepEqual((await run(stop.signal)).map(({ result }) => result), [1]); // prettier-ignore
    assert.deepEqual(asked, [1, 2]);
    assert.deepEqual((await run(stop.signal)).map(({ cached }) => cached), [true]); // prettier-ignore
    assert.deepEqual(asked, [1, 2]);
    await assert.rejects(run(), /half-way/);
  }));
