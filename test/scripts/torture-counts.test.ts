import assert from 'node:assert/strict';
import { test } from 'node:test';
import { saveCounts, tortureTable } from '../../scripts/torture/torture-file';
import { temporaryFolder } from '../temporary-folder';

test('counts of a thing take the place of its last ones, those of others stay, and the table has a row a thing', async () => {
  const path = temporaryFolder()('torture.json');
  const counted = (kind: string, held: number) => ({ kind, attempted: 10, held, failures: Array<string>(10 - held) });
  assert.equal(tortureTable(path), 'Not counted yet.');
  await saveCounts('files', ['--n', '20'], [counted('png', 3), counted('png', 10)], ({ kind }) => kind, path);
  await saveCounts('caches', [], [counted('curve', 10)], ({ kind }) => kind, path);
  await saveCounts('files', ['--n', '30'], [counted('png', 9), counted('zip', 10)], ({ kind }) => kind, path);
  await saveCounts('files', ['--kind', 'new npz'], [counted('npz', 10)], ({ kind }) => kind, path);
  const rows = tortureTable(path)
    .split('\n')
    .filter(line => line.startsWith('| ') && /\d/.test(line))
    .map(line => line.split('|').map(cell => cell.trim()));
  assert.deepEqual(
    rows.map(cells => cells.slice(1, 7)),
    [
      ['caches', 'curve', '10', '10', '0', '`npm run torture -- caches`'],
      ['files', 'png', '10', '9', '1', '`npm run torture -- files --n 30`'],
      ['files', 'zip', '10', '10', '0', '`npm run torture -- files --n 30`'],
      ['files', 'npz', '10', '10', '0', '`npm run torture -- files --kind "new npz"`'],
    ],
  );
});
