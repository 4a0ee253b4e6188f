import assert from 'node:assert/strict';
import { test } from 'node:test';
import { differingLines, generatedFiles, outdated } from '../../scripts/tables';

test('README.md and RESULTS.md are what the stored results give (npm run tables)', async () => {
  assert.deepEqual(outdated(await generatedFiles()), []);
});

test('what differs is named, line by line, and a long list cut', () => {
  assert.deepEqual(differingLines('A', 'x\ny\n', 'x\ny\n'), []);
  assert.deepEqual(differingLines('A', 'x\ny\n', 'x\nz\n'), ['A: - y', 'A: + z']);
  assert.deepEqual(differingLines('A', 'x\ny\n', 'y\nx\n'), ['A: the same lines in another order or number']);
  const long = Array.from({ length: 12 }, (_, i) => `line ${i}`).join('\n');
  const lines = differingLines('A', '', long);
  assert.deepEqual([lines.length, lines[10]], [11, 'A: 13 lines in all']);
});
