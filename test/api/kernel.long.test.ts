import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { executeNotebook } from '../../scripts/notebook/execute';
import { type Cell, joinText } from '../../scripts/notebook/notebook-file';
import { notebooksFolder } from '../../scripts/project';
import { paths } from './consumer';

/** A use of every path in a cell of its own, mostly by a function whose type the kernel has to write down, and what it prints. */
const USES: Record<string, { source: string; prints: string }> = {
  cosim: {
    source: 'const made = () => cosim.digits({ seed: 0, split: "train" });\nconsole.log(made().sampleShape);',
    prints: '[ 16, 16, 1 ]\n',
  },
  losses: {
    source: 'const square = () => losses.divergenceOf("square", 0.5, 1);\nconsole.log(typeof square().conjugate);',
    prints: 'function\n',
  },
  methods: {
    source: 'const kind = (p: methods.MethodPreset) => p.method.kind;\nconsole.log(kind(methods.METHOD_PRESETS.sid));',
    prints: 'sid\n',
  },
  networks: {
    source: 'const process = () => networks.EDM;\nconsole.log(typeof process());',
    prints: 'object\n',
  },
  samplers: {
    source: 'const times = (K: number) => samplers.karrasTimes(K);\nconsole.log(times(1)[0]);',
    prints: '80\n',
  },
  metrics: {
    source:
      'const at = (x: number): metrics.Points => ({ data: Float32Array.of(x, x), n: 2, d: 1 });\n' +
      'console.log(metrics.wasserstein1d(at(0), at(3)).value);',
    prints: '3\n',
  },
  datasets: {
    source: 'const mixture = () => datasets.factorise(datasets.mixtures.checkerboard);\nconsole.log(typeof mixture());',
    prints: 'object\n',
  },
  checkpoints: {
    source: 'const error = () => new checkpoints.CheckpointError("missing", "gone");\nconsole.log(error().code);',
    prints: 'missing\n',
  },
  figures: {
    source:
      'const grid = (): figures.DensityGrid => ({ x: [0, 1], y: [0, 1], rows: 2, columns: 3 });\n' +
      'console.log(figures.gridPoints(grid()).length);',
    prints: '12\n',
  },
  studies: {
    source: 'const seeds = (n: number) => studies.blockSeeds(n, 0);\nconsole.log(seeds(3));',
    prints: '[ 0, 1, 2 ]\n',
  },
  notebook: {
    source: 'const bar = () => notebook.progress({ total: 1 });\nconsole.log(typeof bar);',
    prints: 'function\n',
  },
};

const code = (source: string): Cell => ({
  cell_type: 'code',
  metadata: {},
  source,
  outputs: [],
  execution_count: null,
});

test('every path can be imported and used in the real kernel, with its types', async () => {
  const imports = Object.entries(paths).map(([name, path]) => `import * as ${name} from '${path}';`);
  const uses = Object.keys(paths).map(name => USES[name]);
  const cells = [imports.join('\n'), ...uses.map(({ source }) => source)].map(code);
  const notebook = { cells, metadata: {}, nbformat: 4, nbformat_minor: 5 };
  const execution = await executeNotebook(join(notebooksFolder, 'paths.ipynb'), notebook, {
    environment: {},
    limit: 300,
  });
  assert.deepEqual(
    execution.ended.filter(({ status }) => status !== 'ok'),
    [],
  );
  const outputs = execution.notebook?.cells.map(({ outputs = [] }) =>
    outputs.map(output => (output.output_type === 'stream' ? joinText(output.text) : output.output_type)).join(''),
  );
  assert.deepEqual(outputs, ['', ...uses.map(({ prints }) => prints)]);
});
