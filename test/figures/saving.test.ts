import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { barsPerStep, displaySymbol, provenance, renderChart, saveFigure } from '../../src/figures';
import { spread } from '../../src/metrics';
import { withFolder } from '../temporary-folder';

const chart = () =>
  renderChart(barsPerStep({ title: 'Bars', values: [{ series: 'a', steps: 1, seed: 0, value: 3 }], metric: 'FD' }));

test('provenance names commit, machine, node, backend and date beside what it was given', () => {
  const made = provenance({ preset: 'smoke', seeds: [0, 1], n: 2000 });
  assert.deepEqual([made.preset, made.seeds, made.n], ['smoke', [0, 1], 2000]);
  assert.match(made.commit, /^([0-9a-f]{7,}(-dirty)?|unknown)$/);
  assert.equal(made.node, process.version);
  assert.ok(
    made.machine.cores >= 1 && made.machine.memoryGiB >= 1 && made.machine.cpu !== '' && made.machine.os !== '',
  );
  assert.equal(typeof made.backend, 'string');
  assert.ok(Math.abs(Date.parse(made.date) - Date.now()) < 60_000);
});

test('provenance names the commit of this package in every folder', () =>
  withFolder(folder => {
    const home = process.cwd();
    const { commit } = provenance({ preset: 'smoke', seeds: [] });
    process.chdir(folder);
    try {
      assert.equal(provenance({ preset: 'smoke', seeds: [] }).commit, commit);
    } finally {
      process.chdir(home);
    }
    return Promise.resolve();
  }));

test('a saved chart is four whole files: picture, vector, specification, numbers with their provenance', () =>
  withFolder(async folder => {
    const made = provenance({ preset: 'smoke', seeds: [0] });
    const figure = await saveFigure(join(folder, 'deep/bars'), await chart(), { rows: [{ steps: 1, value: 3 }] }, made);
    assert.deepEqual(readdirSync(join(folder, 'deep')).sort(), ['bars.json', 'bars.png', 'bars.svg', 'bars.vl.json']);
    assert.equal(figure.files.length, 4);
    const read = (name: string): unknown => JSON.parse(readFileSync(join(folder, 'deep', name), 'utf8'));
    assert.deepEqual(read('bars.json'), {
      title: 'Bars',
      provenance: made,
      numbers: { rows: [{ steps: 1, value: 3 }] },
    });
    assert.deepEqual(read('bars.vl.json'), figure.spec);
    assert.deepEqual(readFileSync(join(folder, 'deep/bars.png')), figure.png);
  }));

test('a picture without a specification saves no .svg and no .vl.json', () =>
  withFolder(async folder => {
    const made = provenance({ preset: 'smoke', seeds: [0] });
    await saveFigure(join(folder, 'grid'), { title: '', png: (await chart()).png }, [], made);
    assert.deepEqual(readdirSync(folder).sort(), ['grid.json', 'grid.png']);
  }));

test('a figure gives notebooks its PNG first and, for a small chart, its Vega-Lite form; logs get one line', () =>
  withFolder(async folder => {
    const made = provenance({ preset: 'smoke', seeds: [0] });
    const figure = await saveFigure(join(folder, 'bars'), await chart(), {}, made);
    const bundle = figure[displaySymbol]();
    assert.deepEqual(Object.keys(bundle), ['image/png', 'application/vnd.vegalite.v5+json', 'text/plain']);
    assert.deepEqual(Buffer.from(bundle['image/png'] as string, 'base64'), figure.png);
    assert.match(inspect(figure), /^Bars \(.*bars\.png, .*\)$/);

    const large = { ...(await chart()), spec: { data: 'x'.repeat(200_000) } };
    const heavy = await saveFigure(join(folder, 'heavy'), large, {}, made);
    assert.deepEqual(Object.keys(heavy[displaySymbol]()), ['image/png', 'text/plain']);
  }));

test('spread: mean, sample deviation and range of 2, 4, 9', () => {
  assert.deepEqual(spread([2, 4, 9]), { n: 3, mean: 5, deviation: Math.sqrt((9 + 1 + 16) / 2), low: 2, high: 9 });
  assert.equal(spread([7]).deviation, 0);
});
