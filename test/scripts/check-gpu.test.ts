import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { type GpuRow, kernelBlock, shareOfPeak } from '../../bench/gpu-table';
import { oneFile } from '../../scripts/carried-program';
import { plan } from '../../scripts/check-gpu/plan';
import { productFlops } from '../../scripts/check-gpu/product-flops';
import { selectBackend } from '../../src/compute';
import { trace } from '../../src/compute/graph/trace';
import type { Tensors } from '../../src/compute/tensors';
import { moduleOf } from '../../src/compute/xla/emit';
import { root } from '../../scripts/project';
import { temporaryFolder } from '../temporary-folder';

const flopsOf = (f: (x: Tensors) => tf.Tensor, shapes: Record<string, number[]>): number =>
  productFlops(moduleOf(trace(x => ({ y: f(x) }), shapes)));

test('operations of products and convolutions, by hand', async () => {
  await selectBackend({ backend: 'wasm' });
  const matrices = { x: [3, 5], w: [5, 7] };
  assert.equal(
    flopsOf(({ x, w }) => tf.matMul(x as tf.Tensor2D, w as tf.Tensor2D), matrices),
    2 * 3 * 5 * 7,
  );
  assert.equal(
    flopsOf(({ x }) => tf.exp(x), { x: [3, 5] }),
    0,
  );
  const images = { x: [2, 6, 6, 3], w: [3, 3, 3, 4] };
  const convolved =
    (stride: number, pad: 'same' | 'valid') =>
    ({ x, w }: Tensors): tf.Tensor =>
      tf.conv2d(x as tf.Tensor4D, w as tf.Tensor4D, stride, pad);
  assert.equal(flopsOf(convolved(1, 'valid'), images), 2 * 2 * (4 * 4) * (3 * 3) * 3 * 4);
  // with padding the first and the last of six places miss one of three elements of the filter
  assert.equal(flopsOf(convolved(1, 'same'), images), 2 * 2 * (6 * 3 - 2) ** 2 * 3 * 4);
  // the gradients of a convolution multiply what it multiplies, whatever lies between the elements
  const gradients = (x: Tensors): tf.Tensor => {
    const [dx, dw] = tf.grads((a, b) => tf.sum(tf.square(convolved(2, 'valid')({ x: a, w: b }))))([x.x, x.w]);
    return tf.add(tf.sum(dx), tf.sum(dw));
  };
  const once = 2 * 2 * (2 * 2) * (3 * 3) * 3 * 4;
  assert.equal(flopsOf(convolved(2, 'valid'), images), once);
  assert.equal(flopsOf(gradients, images), 3 * once);
});

test('the share of the peak, for cards and precisions whose peak is known', () => {
  const share = (card: string, precision: string, tflops?: number): string =>
    shareOfPeak({ card, precision, ...(tflops !== undefined && { tflops }) } as GpuRow);
  assert.equal(share('NVIDIA H100 80GB HBM3', 'tf32', 49.4), '10 %');
  assert.equal(share('NVIDIA H200', 'bf16', 98.9), '10 %');
  assert.equal(share('NVIDIA A100-SXM4-80GB', 'tf32', 78), '50 %');
  for (const unknown of [
    share('NVIDIA H200', 'tf32'),
    share('NVIDIA H200', 'float32', 30),
    share('NVIDIA L4', 'tf32', 9),
  ])
    assert.equal(unknown, '');
});

test('the longest kernels as shares of what all take, for the cases where they were recorded', () => {
  const row = { case: 'unet-cosim', batch: 64, precision: 'tf32', engine: 'xla', ms: 9, commit: '0' };
  const kernels = [
    { name: 'loop_add_fusion', calls: 12, ms: 4 },
    { name: `cutlass::Kernel<a|b>${'x'.repeat(90)}`, calls: 0.2, ms: 1 },
  ];
  const told = kernelBlock([
    { ...row, batch: 256 },
    { ...row, kernels, kernelsMs: 8 },
  ]);
  assert.match(
    told,
    /\| unet-cosim +\| 64 +\| tf32 +\| 8\.00 +\| loop.{1,2}add.{1,2}fusion 50 % \(12 calls\), cutlass/,
  );
  assert.match(told, /x…/);
  assert.doesNotMatch(told, /256|x{60}/);
  assert.equal(kernelBlock([row]), '');
});

test('every case on XLA, in eager PyTorch and compiled, each once; the largest compiled ones last', () => {
  const { jobs, turns } = plan();
  assert.equal(new Set(jobs.map(({ label }) => label)).size, jobs.length);
  assert.ok(turns.every(turn => jobs.some(({ label }) => label === turn)));
  const sizes = { 'mlp-cosim': [64, 256, 1024], 'unet-edm': [64, 256, 1024], 'unet-cosim': [64, 256, 1024], 'cifar-edm': [64, 256], 'cifar-cosim': [64, 256], 'cifar-forward': [64], 'sample-unet': [1024] }; // prettier-ignore
  const cases = Object.entries(sizes).flatMap(([name, batches]) => batches.map(batch => `${name}@${batch}`));
  const eager = jobs.find(({ label }) => label === 'torch-eager-tf32')!;
  assert.deepEqual([...eager.arguments.slice(2)].sort(), [...cases].sort());
  assert.equal(turns.filter(turn => turn === eager.label).length, cases.length);
  for (const text of cases) {
    const xla = jobs.filter(job => job.program === 'xla' && job.arguments[1] === `${text}:tf32`);
    assert.ok(xla.length > 0, text);
    const compiled = jobs.filter(job => job.program === 'torch' && job !== eager && job.arguments[1] === 'tf32');
    assert.equal(compiled.filter(job => job.arguments[2] === text).length, 1, text);
  }
  const last = jobs.filter(job => job.last).map(({ label }) => label);
  assert.deepEqual(last, ['torch-blocks-tf32-cifar-edm-256', 'torch-blocks-tf32-cifar-cosim-256']);
});

test('the program that is carried to a card starts without the project around it', async () => {
  const file = temporaryFolder();
  await oneFile(join(root, 'scripts', 'check-gpu', 'main.ts'), file('check-gpu.cjs'));
  const env = { ...process.env, OUT: file('out') };
  const { stdout, stderr } = spawnSync(process.execPath, [file('check-gpu.cjs'), 'nothing'], { encoding: 'utf8', env });
  assert.match(stdout, /no section is named nothing/, stderr);
});

test('the check ends with 1 where a step fails, whichever it is', () => {
  const place = temporaryFolder();
  const program = place('run.sh');
  copyFileSync(join(root, 'scripts/check-gpu/run.sh'), program);
  writeFileSync(place('node'), '#!/bin/sh\nexit "$2"\n', { mode: 0o755 });
  const env = { ...process.env, OUT: place('results'), CHECK_LOGS: place('logs'), CHECK_CACHE: place('cache') };
  const end = (...steps: string[]): number | null =>
    spawnSync('sh', [program, ...steps], { env, stdio: 'ignore' }).status;
  assert.deepEqual([end('9:a:0', '9:b:0'), end('9:a:3', '9:b:0'), end('9:a:0', '9:b:3')], [0, 1, 1]);
});
