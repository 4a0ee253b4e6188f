import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it, test } from 'node:test';
import {
  type LiteratureRow,
  methodTable,
  readLiterature,
  readStoredResults,
  replaceBlocks,
  resultRows,
  resultsPage,
  resultTable,
  type ResultTable,
  type StoredResult,
} from '../../src/claims';
import { withFolder } from '../temporary-folder';

/** Of code that is not today's. */
const maker = {
  commit: 'abc1234',
  code: '0000000000000000',
  engine: 'cpu',
  versions: {},
  date: '2026-01-01',
  seconds: 1,
  machine: { cpu: 'AMD EPYC', cores: 2, memoryGiB: 24, os: 'Linux' },
};

const LITERATURE: LiteratureRow[] = [
  { table: 1, dataset: 'CIFAR-10', method: 'CoSIM', nfe: 2, metric: 'FID', value: 2.4, source: 'Table 1' },
  { table: 1, dataset: 'CIFAR-10', method: 'CoSIM', nfe: 2, metric: 'FD', value: 9, source: 'Table 1', note: '~9' },
];

const KIND: ResultTable = {
  title: 't',
  text: 'x',
  result: 'r',
  dataset: 'CIFAR-10',
  metric: 'FID',
  line: ({ series, nfe }) => ({ label: `${series} ${nfe}`, paper: { method: series, nfe } }),
  expected: [{ label: 'CoSIM 2', paper: { method: 'CoSIM', nfe: 2 } }],
};

const result = (numbers: unknown, seeds = [0, 1, 2]): StoredResult => ({
  name: 'r',
  title: 'r',
  numbers,
  picture: false,
  provenance: {
    preset: 'laptop',
    seeds,
    madeBy: [maker],
    machine: { cpu: 'c', cores: 1, memoryGiB: 1, os: 'o' },
  },
});

const values = (rest: object, ...all: number[]): object[] =>
  all.map((value, seed) => ({ ...rest, seed, value, n: 500, floor: seed + 1 }));

/** The cells of the lines below the head, by the head's names. */
const cells = (markdown: string): Record<string, string>[] => {
  const [head, , ...lines] = markdown.split('\n').map(line =>
    line
      .split('|')
      .slice(1, -1)
      .map(cell => cell.trim()),
  );
  return lines.map(line => Object.fromEntries(line.map((cell, i) => [head[i], cell])));
};

describe('a table beside the paper', () => {
  const numbers = [...values({ method: 'CoSIM', nfe: 2 }, 2, 3, 4), ...values({ method: 'other', nfe: 1 }, 5, 6, 7)];

  it('has ours, the paper, their difference, n, floor, seeds, spread and commit', () => {
    const [ours, other] = cells(resultTable(KIND, result(numbers), LITERATURE));
    assert.deepEqual(ours, {
      what: 'CoSIM 2',
      ours: '3.00 ± 1.00',
      paper: 'FID 2.40, FD 9.00 (\\~9)',
      difference: '+0.600',
      n: '500',
      floor: '2.00',
      seeds: '0, 1, 2',
      spread: '2.00 to 4.00',
      commit: 'abc1234 (other code)',
    });
    assert.deepEqual([other.what, other.paper, other.difference], ['other 1', '', '']);
  });

  it('takes no difference of another metric, or of other data', () => {
    const difference = (change: Partial<ResultTable>) =>
      cells(resultTable({ ...KIND, ...change }, result(numbers), LITERATURE))[0].difference;
    assert.equal(difference({ metric: 'sliced W2' }), 'other metric');
    assert.equal(difference({ dataset: 'digits' }), 'other data');
  });

  it('says that values are blocks of one training, or the teacher’s', () => {
    const rows = [...values({ series: 'CoSIM' }, 1, 2, 3), ...values({ series: 'teacher' }, 1, 2)];
    const seeds = cells(resultTable(KIND, result(rows, [7]), LITERATURE)).map(line => line.seeds);
    assert.deepEqual(seeds, ['3 blocks of seed 7', '2 blocks']);
  });

  it('says not measured, with the paper, where there is no result or one of another shape', () => {
    const expected = [{ what: 'CoSIM 2', ours: 'not measured', paper: 'FID 2.40, FD 9.00 (\\~9)' }];
    for (const nothing of [undefined, result(null), result({ levels: [1] })])
      assert.deepEqual(cells(resultTable(KIND, nothing, LITERATURE)), expected);
  });

  it('shows the end of a training, or all of it', () => {
    const rows = [1, 2].flatMap(images => values({ series: 'CoSIM', nfe: 2, images }, images, images));
    const line: ResultTable['line'] = ({ images }) => ({ label: `${images} images` });
    const ours = (whole: boolean) =>
      cells(resultTable({ ...KIND, line, whole }, result(rows), LITERATURE)).map(one => [one.what, one.ours]);
    assert.deepEqual(ours(false), [['2 images', '2.00 ± 0.00']]);
    assert.deepEqual(ours(true), [['1 images', '1.00 ± 0.00'], ['2 images', '2.00 ± 0.00']]); // prettier-ignore
  });
});

test('rows of a result: lists, points, curves and blocks of an evaluation; the rest is passed over', () => {
  const row = { method: 'a', steps: 2, seed: 1, value: 3 };
  for (const numbers of [[row, null, { ...row, value: NaN }], { points: [row] }, { curve: [row], cost: [] }]) {
    const [{ series, nfe, seed, value }, ...more] = resultRows(numbers);
    assert.deepEqual([series, nfe, seed, value, more.length], ['a', 2, 1, 3, 0]);
  }
  const results = [{ metric: 'fd', blocks: [4, 5], n: 9, floor: 1, floorBlocks: [] }];
  assert.deepEqual(
    resultRows([{ series: 'b', results }]).map(({ seed, value, n, floor }) => [seed, value, n, floor]),
    [[0, 4, 9, 1], [1, 5, 9, 1]], // prettier-ignore
  );
});

test('blocks of one training seed are one value, their mean', () => {
  const rows = [1, 2, 3, 5].map((value, i) => ({ series: 'a', seed: i >> 1, block: i % 2, value, n: 5 }));
  const [line] = cells(resultTable(KIND, result(rows, [0, 1]), LITERATURE));
  assert.deepEqual([line.ours, line.spread, line.seeds], ['2.75 ± 1.77', '1.50 to 4.00', '0, 1']);
});

test('methods: one line each, a column a key, functions left out', () => {
  const markdown = methodTable([
    { name: 'SiD', nfe: [1], options: { alpha: 1.2 }, loss: () => 0 },
    { name: 'CoSIM', nfe: [2, 4], kind: 'ours' },
  ]);
  assert.deepEqual(cells(markdown), [
    { name: 'SiD', nfe: '1', options: 'alpha 1.2', kind: '' },
    { name: 'CoSIM', nfe: '2, 4', options: '', kind: 'ours' },
  ]);
});

test('marked blocks are replaced, the text around them is not, and a mistake is named', () => {
  const text = 'a\n<!-- tables:x -->\nold\n<!-- /tables -->\nb\n<!-- tables:y -->\n<!-- /tables -->\nc';
  const written = replaceBlocks(text, { x: 'one', y: 'two' });
  assert.equal(
    written,
    'a\n<!-- tables:x -->\n\none\n\n<!-- /tables -->\nb\n<!-- tables:y -->\n\ntwo\n\n<!-- /tables -->\nc',
  );
  assert.equal(replaceBlocks(written, { x: 'one', y: 'two' }), written);
  assert.throws(() => replaceBlocks(text, { x: 'one' }), /<!-- tables:y --> names no block. Known: x/);
  assert.throws(() => replaceBlocks('', { x: 'one' }), /must have <!-- tables:x --> once, it is there 0 times/);
  assert.throws(() => replaceBlocks(`${text}${text}`, { x: '', y: '' }), /it is there 2 times/);
  assert.throws(() => replaceBlocks(text.replace('<!-- /tables -->', ''), { x: '', y: '' }), /tables:x --> has no end/);
});

test('stored results: the figures of a folder, whatever else lies there', () =>
  withFolder(async dir => {
    const { provenance } = result([]);
    await mkdir(join(dir, 'cache'));
    await writeFile(join(dir, 'b.json'), JSON.stringify({ title: 'B', provenance, numbers: [1] }));
    await writeFile(join(dir, 'b.vl.json'), '{}');
    await writeFile(join(dir, 'b.png'), '');
    await writeFile(join(dir, 'a.json'), JSON.stringify({ title: 'A', provenance, numbers: 2 }));
    await writeFile(join(dir, 'other.json'), '{"rows": []}');
    const found = [...(await readStoredResults(dir)).values()];
    assert.deepEqual(
      found.map(({ name, title, numbers, picture }) => [name, title, numbers, picture]),
      [['a', 'A', 2, false], ['b', 'B', [1], true]], // prettier-ignore
    );
    await writeFile(join(dir, 'c.json'), '{');
    await assert.rejects(readStoredResults(dir), /c\.json cannot be read/);
  }));

test('a page without any result has every claim and table, not measured', async () => {
  const page = resultsPage(new Map(), await readLiterature());
  for (const id of ['C1', 'C2', 'C3a', 'C3b', 'C4', 'C5', 'C6', 'C7', 'C8', 'C9'])
    assert.match(page, new RegExp(`\\| ${id} +\\|.*\\| not measured +\\|`));
  assert.equal(page.match(/^Not measured: there is no stored result yet\.$/gm)!.length, 19);
  assert.match(page, /CoSIM, 4 steps +\| not measured \| FID 1\.46, FD-DINOv2 58\.66 \(the running text says 56\.66\)/);
});

test('the page has the numbers of a cost and of a theory, with their commits', async () => {
  const cost = [{ method: 'HSIVI-SM', levels: 4, psiSteps: 20, secondsPerIteration: 1.5 }];
  const verdict = { statement: 'Proposition 3.4', reading: 'f* with q_phi', holds: true, worstRatio: 0.5 };
  const results = new Map([
    ['05_hsivi_cost', result({ cost, curve: [] })],
    ['08_x', { ...result({ verdict }), name: '08_x', picture: true }],
  ]);
  const page = resultsPage(results, await readLiterature());
  assert.match(page, /\| HSIVI-SM \| 4 +\| 20 +\| +1\.50 \| +\| abc1234 \(other code\) \|/);
  assert.match(
    page,
    /\| Proposition 3\.4 \| f\\\* with q\\_phi \| holds +\| worst ratio 0\.5 \| abc1234 \(other code\) \|/,
  );
  assert.match(page, /!\[r\]\(figures\/08_x\.png\)/);
});
