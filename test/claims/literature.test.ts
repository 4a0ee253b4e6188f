import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { type LiteratureRow, literatureRows, readLiterature } from '../../src/claims';
import { withFolder } from '../temporary-folder';

test('every value of Tables 1 to 6 is there, each once', async () => {
  const rows = await readLiterature();
  const counts = [1, 2, 3, 4, 5, 6].map(table => rows.filter(row => row.table === table).length);
  // Table 1: 23 lines, 11 of them with both metrics. Table 3: 25 lines, 9 with both. Table 5: five columns, two values
  assert.deepEqual(counts, [34, 14, 34, 17, 10, 12]);
  assert.equal(rows.length, 121);
});

test('values as printed', async () => {
  const rows = await readLiterature();
  const value = (wanted: Partial<LiteratureRow>): number[] => literatureRows(rows, wanted).map(row => row.value);
  assert.deepEqual(value({ table: 1, method: 'CoSIM', metric: 'FID' }), [2.4, 1.97, 1.96]);
  assert.deepEqual(value({ table: 1, method: 'test split', nfe: null }), [3.15, 31.07]);
  assert.deepEqual(value({ table: 2, method: 'CoSIM-L', metric: 'FD-DINOv2' }), [46.41, 41.79]);
  assert.deepEqual(value({ table: 3, method: 'VP-EDM', nfe: 511 }), [1.36, 79.82]);
  assert.deepEqual(value({ table: 3, method: 'Moment Matching' }), [3, 3.86, 1.5, 1.24]);
  assert.deepEqual(value({ table: 4, method: 'EDM2-XXL' }), [1.91]);
  assert.deepEqual(value({ table: 5, dataset: 'CIFAR-10' }), [56, 4]);
  assert.deepEqual(value({ table: 6, coef: 0.75 }), [392.85, 92.81, 61.77, 50.54]);
  assert.deepEqual(value({ table: 6, images: 4_096_000 }), [61.53, 50.54, 49.28]);
});

test('notes say where the paper contradicts itself or rounds', async () => {
  const noted = (await readLiterature()).filter(({ note }) => note !== undefined);
  assert.deepEqual(
    noted.map(({ table, method, value, note }) => [table, method, value, note]),
    [
      [3, 'CoSIM', 58.66, 'the running text says 56.66'],
      [3, 'ECT', 150, 'printed as ~150'],
    ],
  );
});

test('a file that is something else is refused, naming the row', () =>
  withFolder(async dir => {
    const row = { table: 1, dataset: 'D', method: 'M', nfe: 2, metric: 'FID', value: 1, source: 'Table 1' };
    const read = async (content: unknown): Promise<unknown> => {
      const path = join(dir, 'rows.json');
      await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content));
      return readLiterature(path);
    };
    assert.deepEqual(await read({ rows: [row] }), [row]);
    await assert.rejects(read('{'), /is not JSON/);
    await assert.rejects(read([]), /rows must be a list/);
    await assert.rejects(read({ rows: [row, null] }), /row 2: a row must be an object/);
    await assert.rejects(
      read({ rows: [{ ...row, vallue: 1 }] }),
      /row 1: unknown option 'vallue'. Did you mean 'value'/,
    );
    await assert.rejects(read({ rows: [{ ...row, value: '1' }] }), /value must be a finite number above 0, got '1'/);
    await assert.rejects(read({ rows: [{ ...row, table: 7 }] }), /table must be an integer from 1 to 6/);
    await assert.rejects(read({ rows: [{ ...row, nfe: undefined }] }), /nfe must be an integer/);
    await assert.rejects(read({ rows: [row, { ...row, value: 2 }] }), /row 2: Table 1, D, M, 2, FID is there twice/);
  }));
