import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';

/** Loads the losses where nothing with a native part can be loaded, and computes eq. (15) by hand-made numbers. */
const PROGRAM = `
const Module = require('node:module');
const load = Module._load;
const refused = /^(canvas|sharp|onnxruntime-node|webgpu|koffi|@tensorflow\\/tfjs-node|@tensorflow\\/tfjs-backend|node:worker_threads|worker_threads|node:fs|fs)/;
Module._load = function (name, ...rest) {
  if (refused.test(name)) throw new Error('the losses load ' + name);
  return load.call(this, name, ...rest);
};
const tf = require('@tensorflow/tfjs-core');
Module._load = load;
require('@tensorflow/tfjs-backend-cpu');
Module._load = function (name, ...rest) {
  if (refused.test(name)) throw new Error('the losses load ' + name);
  return load.call(this, name, ...rest);
};
const { psiLoss, phiLoss } = require('./src/losses');
const [F, xHat, D] = [3, 1, 2].map(v => tf.tensor2d([v], [1, 1]));
const s = tf.tensor1d([0.5]);
console.log(JSON.stringify([psiLoss({ F, xHat, D, s }, { coef: 1 }).dataSync()[0], phiLoss({ F, xHat, D }, { alpha: 1.2 }).dataSync()[0]]));
`;

test('the losses load nothing with a native part: no canvas, sharp, ONNX Runtime, file or thread', () => {
  const { stdout, stderr } = spawnSync(process.execPath, ['--import', 'tsx', '-e', PROGRAM], { encoding: 'utf8' });
  // w(0.5) = (0.25 + 0.25) / 0.0625 = 8: 8 ((3 - 1)^2 + (2 - 1) (3 - 2)^2) = 40; (2 - 3) ((2 - 1) - 1.2 (2 - 3)) / 1 = -2.2
  const [psi, phi] = JSON.parse(stdout || `[null, ${JSON.stringify(stderr)}]`) as [number, number];
  assert.equal(psi, 40, stderr);
  assert.ok(Math.abs(phi + 2.2) < 1e-6, String(phi));
});
