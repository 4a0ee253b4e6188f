import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Measured, mergedRows } from '../../bench/rows';
import { speedBlock, speedRowsBlock } from '../../bench/speed-table';
import { modesOf, pythonPath } from '../../bench/torch';
import { choosePlugin } from '../../bench/xla-device';

const row = (values: Partial<Measured>): Measured => ({
  case: 'mlp-edm',
  engine: 'compiled',
  ours_ms: 30,
  torch_ms: 40,
  ratio: 0.75,
  ours_cpu_ms: 50,
  torch_cpu_ms: 60,
  n: 9,
  ours_spread: 0.1,
  torch_spread: 0.2,
  ours_peak_mb: 300,
  torch_peak_mb: 200,
  batch: 1024,
  workers: 2,
  torch_threads: 2,
  parameters: 132738,
  torch_version: '1.13.0a0',
  torch_mode: 'eager',
  loss_error: 1e-7,
  result_error: 1e-6,
  date: '2026-01-01T00:00:00.000Z',
  commit: 'abc1234',
  machine: 'two cores',
  node: 'v20.20.2',
  block: 16,
  ...values,
});

test("the benchmark's Python is the one that is named, and must be there", () => {
  assert.equal(pythonPath(''), '/usr/bin/python3');
  assert.equal(pythonPath(process.execPath), process.execPath);
  assert.throws(() => pythonPath('/no/python'), {
    message: 'COSIM_BENCH_PYTHON: expected the path of a Python, got /no/python',
  });
});

test('torch.compile is timed from PyTorch 2.0 on', () => {
  assert.deepEqual(['1.13.0a0', '2.0.1', '2.15.0+cpu', '10.1.0'].map(modesOf), [
    ['eager'],
    ['eager', 'compile'],
    ['eager', 'compile'],
    ['eager', 'compile'],
  ]);
});

test('the xla engine is timed on the accelerator, else on the processor, else not', () => {
  assert.equal(choosePlugin(undefined, __filename), undefined);
  assert.equal(choosePlugin('no GPU or TPU on this machine', __filename), __filename);
  assert.throws(() => choosePlugin('no GPU or TPU on this machine', '/no/plugin.so'), {
    message: 'no GPU or TPU on this machine; and no plugin for the processor: node scripts/cpu-plugin.mjs fetches it',
  });
});

test('fresh rows take the place of those of the same case, engine, workers and PyTorch', () => {
  const compiled = { torch_version: '2.15.0', torch_mode: 'compile' } as const;
  const stored = [
    row({ case: 'unet-edm' }),
    row({}),
    row(compiled),
    row({ torch_version: null, torch_mode: null, torch_ms: null, ratio: null }),
  ];
  const fresh = [row({ ...compiled, ours_ms: 1 }), row({ engine: 'xla on cpu' }), row({ workers: 1 })];
  assert.deepEqual(
    mergedRows(stored, fresh).map(r => [r.case, r.engine, r.workers, r.torch_version, r.torch_mode, r.ours_ms]),
    [
      ['mlp-edm', 'compiled', 2, '1.13.0a0', 'eager', 30],
      ['mlp-edm', 'compiled', 2, null, null, 30],
      ['mlp-edm', 'compiled', 2, '2.15.0', 'compile', 1],
      ['mlp-edm', 'compiled', 1, '1.13.0a0', 'eager', 30],
      ['mlp-edm', 'xla on cpu', 2, '1.13.0a0', 'eager', 30],
      ['unet-edm', 'compiled', 2, '1.13.0a0', 'eager', 30],
    ],
  );
});

test('the table of all rows says which PyTorch a row stands beside, and leaves out rows without one', () => {
  const alone = row({ torch_version: null, torch_mode: null, torch_ms: null, ratio: null });
  const current = row({
    torch_version: '2.15.0+cu130',
    torch_mode: 'compile',
    torch_threads: 4,
    torch_ms: 20,
    ratio: 1.5,
  });
  const block = speedRowsBlock([row({}), current, alone]);
  const lines = block
    .split('\n')
    .filter(line => line.includes('mlp-edm'))
    .map(line => line.split('|').map(cell => cell.trim()));
  assert.deepEqual(
    lines.map(cells => cells.slice(1, 8)),
    [
      ['mlp-edm', 'onnx', '1.13.0a0 eager', '2', '30.0 ±5 %', '40.0 ±10 %', '0.75'],
      ['mlp-edm', 'onnx', '2.15.0 compile', '4', '30.0 ±5 %', '20.0 ±10 %', '1.50'],
    ],
  );
  assert.match(block, /_two cores, Node v20\.20\.2; commit abc1234; /);
});

test("README's table has a line a case, beside the newest PyTorch alone", () => {
  const now = { torch_version: '2.15.0+cpu', torch_ms: 60, torch_peak_mb: 400 };
  const block = speedBlock([
    row({}), // beside 1.13
    row({ torch_version: '2.9.0', torch_mode: 'eager', ratio: 0.1 }),
    row({ ...now, torch_mode: 'eager', ratio: 0.5 }),
    row({ ...now, torch_mode: 'compile', ratio: 0.625 }),
    row({ ...now, torch_mode: 'eager', engine: 'xla on cpu', ratio: 1.25 }),
    row({ ...now, torch_mode: 'eager', case: 'unet-edm', ratio: 2 }),
  ]);
  const lines = block.split('\n').map(line => line.split('|').map(cell => cell.trim()));
  const columns = lines[0].slice(1, -1);
  const shown = lines.filter(([, name]) => /^(mlp|unet)/.test(name ?? '')).map(cells => cells.slice(1, -1));
  assert.deepEqual(
    shown.map(cells => [
      cells[0],
      ...['onnx / eager', 'onnx / torch.compile', 'xla on cpu / eager'].map(c => cells[columns.indexOf(c)]),
    ]),
    [
      ['mlp-edm', '0.50', '0.63', '1.25'],
      ['unet-edm', '2.00', '', ''],
    ],
  );
  assert.match(block, /_PyTorch 2\.15\.0 on as many threads; two cores, Node v20\.20\.2; commit abc1234; /);
  assert.doesNotMatch(block, /1\.13|2\.9/);
  assert.match(speedBlock([]), /Not measured/);
});
