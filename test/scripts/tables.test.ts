import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { fullWidthSection } from '../../bench/full-width-table';
import { differingLines, drawDerived, generatedFiles, outdated } from '../../scripts/tables';
import { withFolder } from '../temporary-folder';

test('README.md and RESULTS.md are what the stored results give (npm run tables)', async () => {
  assert.deepEqual(outdated(await generatedFiles()), []);
  assert.deepEqual(await drawDerived({ draw: false }), []);
});

test('what differs is named, line by line, and a long list cut', () => {
  assert.deepEqual(differingLines('A', 'x\ny\n', 'x\ny\n'), []);
  assert.deepEqual(differingLines('A', 'x\ny\n', 'x\nz\n'), ['A: - y', 'A: + z']);
  assert.deepEqual(differingLines('A', 'x\ny\n', 'y\nx\n'), ['A: the same lines in another order or number']);
  const long = Array.from({ length: 12 }, (_, i) => `line ${i}`).join('\n');
  const lines = differingLines('A', '', long);
  assert.deepEqual([lines.length, lines[10]], [11, 'A: 13 lines in all']);
});

test('networks at full width: what is stored, or that nothing is', () =>
  withFolder(async dir => {
    const path = join(dir, 'full-width.json');
    assert.match(fullWidthSection(path), /Not measured/);
    const network = { case: 'step', network: 'edm2', parameters: 55.7e6, batch: 1, engine: 'compiled' };
    const first = { wall_s: 31.25, cpu_s: 50 };
    const numbers = { psiLoss: 2773.3, nonFinite: 0 };
    const row = { ...network, first, peak_gb: 6.5, load: 1.5, numbers, machine: 'two cores', commit: 'abc1234' };
    await writeFile(path, JSON.stringify({ rows: [row] }));
    const section = fullWidthSection(path);
    assert.match(
      section,
      /\| step \| `edm2` +\| +55\.7 \| +1 \| compiled \| 31\.3 \/ 50\.0 \| +\| +6\.50 \| +1\.50 \| psiLoss 2770, nonFinite 0 \| abc1234 \|/,
    );
    assert.match(section, /_two cores; /);
  }));
