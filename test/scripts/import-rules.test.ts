import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { test } from 'node:test';
import { temporaryFolder } from '../temporary-folder';

const root = resolve(__dirname, '..', '..');

/** The names of the rules that a source tree made of these files breaks, in alphabetical order. */
const brokenRules = (files: Record<string, string>): string[] => {
  const place = temporaryFolder();
  writeFileSync(place('tsconfig.json'), '{}');
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(place(name)), { recursive: true });
    writeFileSync(place(name), text);
  }
  const program = join(root, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs');
  const rules = join(root, '.dependency-cruiser.cjs');
  const args = [program, '--config', rules, '--output-type', 'json', 'src'];
  const { stdout, stderr } = spawnSync(process.execPath, args, { cwd: place(), encoding: 'utf8' });
  assert.ok(stdout.startsWith('{'), stderr);
  const { summary } = JSON.parse(stdout) as { summary: { violations: { rule: { name: string } }[] } };
  return [...new Set(summary.violations.map(({ rule }) => rule.name))].sort();
};

const value = 'export const a = 1;\n';
const leaf = {
  'src/training/index.ts': value,
  'src/training/run.ts': value,
  'src/compute/onnx/write.ts': value,
  'src/compute/check.ts': value,
};

test('a tree whose imports point down breaks no rule', () => {
  const down = "export { a } from '../../training';\nexport { a as b } from '../../compute/check';\n";
  assert.deepEqual(brokenRules({ ...leaf, 'src/studies/theory/line.ts': down }), []);
});

test('every rule catches what is planted below it, at depth', () => {
  const planted = {
    ...leaf,
    'src/compute/graph/deep/record.ts': "export { a } from '../../../training';\n",
    'src/compute/graph/build.ts': "export { a } from '../onnx/write';\n",
    'src/studies/theory/line.ts': "export { a } from '../../training/run';\nimport 'tslab';\n",
    'src/losses/index.ts': "export { a } from '../compute/native';\nexport { b } from '../networks';\n",
    'src/networks/index.ts': 'export const b = 1;\n',
    'src/compute/native.ts': "import 'node:fs';\nexport const a = 1;\n",
    'src/checkpoints/pickles/run.ts': "import 'node:vm';\n",
    'src/metrics/one.ts': "import { two } from './two';\nexport const one = (): number => two();\n",
    'src/metrics/two.ts': "import { one } from './one';\nexport const two = (): number => one();\n",
  };
  assert.deepEqual(brokenRules(planted), [
    'compute-imports-downward',
    'files-are-data',
    'graph-below-onnx-and-xla',
    'losses-are-pure',
    'losses-import-formulas',
    'no-circles',
    'through-the-front-door',
    'tslab-only-in-notebook',
  ]);
});
