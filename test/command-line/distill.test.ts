import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { dispose } from '@tensorflow/tfjs-core';
import { Command } from 'commander';
import { runCommandLine } from '../../src/command-line';
import { withDistillOptions } from '../../src/command-line/distill-options';
import { durationText, estimateText, memoryText } from '../../src/command-line/distill-report';
import { selectBackend } from '../../src/compute/backend';
import { type DistillMethod, methodFromConfig } from '../../src/methods';
import { ddpmpp, edmDenoiser, freshParameters, saveModel } from '../../src/networks';
import type { DistillEstimate } from '../../src/runs';
import { temporaryFolder } from '../temporary-folder';
import { cosim } from './commands';

const file = temporaryFolder();

const TEACHER = file('teacher.safetensors');

/** A network as the digits are, random and as small as can be. */
const saveTeacher = async (path: string, classes: number): Promise<void> => {
  const sizes = {
    resolution: 16,
    channels: 1,
    modelChannels: 4,
    channelMult: [1],
    blocks: 1,
    attention: [],
    dropout: 0,
  };
  const denoiser = edmDenoiser(ddpmpp({ ...sizes, classes }));
  const parameters = freshParameters(denoiser, 0);
  await saveModel(path, { denoiser, parameters });
  dispose(parameters);
};

before(async () => {
  await selectBackend({ backend: 'wasm' });
  await saveTeacher(TEACHER, 10);
});

/** A short run of it in a folder. */
const args = (out: string, ...more: string[]): string[] => [
  ...['distill', '--preset', 'digits', '--teacher', TEACHER, '--out', file(out), '--backend', 'wasm', '--engine', 'eager'],
  ...['--batch', '4', '--images', '16', '--save-every', '8', '--sheet-every', '8', '--sheet-size', '2', '--steps', '1,2'],
  ...['--eval-every', '16', '--n', '6', '--n-reference', '20', ...more],
]; // prettier-ignore

const stateOf = (out: string): string =>
  readFileSync(join(file(out), '00000004', 'state.safetensors')).toString('base64');

test('distill goes from teacher to generator: checkpoints, sheets, measurements, an estimate first, a summary last', async () => {
  const { code, out, err } = await cosim(...args('whole'));
  assert.equal(code, 0, err);
  assert.match(err, /^teacher +\S+teacher\.safetensors: ddpmpp, [\d,]+ parameters$/m);
  assert.match(err, /^run +batch 4 in 1 round, learning rate 0\.0001$/m);
  assert.match(
    err,
    /^one step of 4 images: ~[\d.]+ s; 16 images: ~[\d.]+ (s|min) on this machine; memory ~[\d.]+ [GM]B$/m,
  );
  assert.match(err, /^16 images: \S+000000000016-2-in-1-2-steps\.png, fd [\d.]+ \(1 step\), fd [\d.]+ \(2 steps\)$/m);
  assert.match(out, /^trained +16 images in 4 steps, [\d.]+ s$/m);
  assert.match(out, /^last step +psi loss -?[\d.e+-]+, phi loss -?[\d.e+-]+$/m);
  const folder = readdirSync(file('whole')).sort();
  assert.deepEqual(folder, ['00000002', '00000004', 'distill.json', 'metrics', 'sheets']);
  assert.equal(readFileSync(join(file('whole'), '00000004', 'history.jsonl'), 'utf8').split('\n').length, 4 + 1);
  assert.deepEqual(readdirSync(join(file('whole'), 'sheets')).sort(), [0, 8, 16].map(n => `${String(n).padStart(12, '0')}-2-in-1-2-steps.png`)); // prettier-ignore
  const sampled = await cosim('sample', '--network', file('whole'), '--seeds', '0', '--out', file('one.png'));
  assert.equal(sampled.code, 0, sampled.err);
});

test('Ctrl-C stops it after a step with a checkpoint and 130; the same command goes on to the same bits', async () => {
  const said = { out: '', err: '' };
  let stopped = false;
  const code = await runCommandLine(args('parts'), {
    live: true,
    out: text => (said.out += text),
    err: text => {
      said.err += text;
      if (stopped || !/training: (4|8|12) of 16 images, /.test(text)) return; // whichever is shown first
      stopped = true;
      process.emit('SIGINT');
    },
  });
  assert.deepEqual([code, said.out], [130, '']);
  assert.match(said.err, /training: \d+ of 16 images, .*psi loss -?[\d.e+-]+, phi loss/);
  assert.match(said.err, /cosim: stopped; the same command goes on where it was\n$/);
  const checkpoints = readdirSync(file('parts')).filter(name => /^\d+$/.test(name));
  assert.ok(checkpoints.length > 0 && checkpoints.every(name => Number(name) < 4), checkpoints.join());
  const { err } = await cosim(...args('parts'));
  assert.doesNotMatch(err, /one step of/); // nothing to estimate of a run that has begun
  assert.equal(stateOf('parts'), stateOf('whole'));
  const other = await cosim(...args('parts', '--seed', '5'));
  assert.match(other.err, /holds another run: run\.seed is 0 there, 5 here/);
  assert.equal(other.code, 2);
});

test('--estimate says what it will take and leaves no trace; a method of its own is as easily asked for', async () => {
  const { code, out } = await cosim(...args('none', '--estimate', '--rounds', '2', '--method', 'sid', '--steps', '1'));
  assert.equal(code, 0);
  assert.match(out, /^one step of 4 images: ~[\d.]+ (s|min); 16 images: ~[\d.]+ (s|min) on this machine; memory ~/);
  assert.match(out, /^measured +rounds of [12]( and 2)? samples, eager, 1 worker$/m);
  assert.ok(!existsSync(file('none')));
});

test('durations and sizes have the unit that reads best; the estimate is a sentence', () => {
  const texts = [0.0123, 1.4, 80, 100, 7_200, 400_000, 86_400 * 365 * 212].map(durationText);
  assert.deepEqual(texts, ['0.012 s', '1.4 s', '80 s', '1.7 min', '2 h', '4.6 days', '210 years']);
  assert.deepEqual([memoryText(11.64e9), memoryText(24e6)], ['11.6 GB', '24 MB']);
  const estimate: DistillEstimate = {
    measured: [{ samples: 2, seconds: 1, peakBytes: 1e9 }],
    stateBytes: 1e8,
    memoryBytes: 2.5e9,
    batch: 2048,
    stepSeconds: 7_200,
    totalSeconds: 7_200 * 97_657,
    engine: { engine: 'onnx', workers: 2, reason: '' },
  };
  assert.match(
    estimateText(estimate, 200e6),
    /^one step of 2,048 images: ~2 h; 200,000,000 images: ~22 years on this machine; memory ~2\.5 GB\n/,
  );
  assert.doesNotMatch(estimateText(estimate, 200e6), /on the device/);
  const onDevice = (limit: number): string =>
    estimateText({ ...estimate, deviceMemory: { bytes: 12.3e9, limit } }, 200e6);
  assert.match(onDevice(72e9), /^on the device +memory ~12\.3 GB of 72 GB$/m);
  assert.match(onDevice(0), /^on the device +memory ~12\.3 GB$/m);
});

test('--method takes every method that a configuration may name', () => {
  const { argChoices = [] } = withDistillOptions(new Command()).options.find(({ long }) => long === '--method')!;
  const unknown = { kind: '?' } as unknown as DistillMethod;
  assert.throws(() => methodFromConfig(unknown, {}), new RegExp(`Known: ${argChoices.join(', ')}, denoising`));
});

const digits = ['--preset', 'digits', '--out', file('never'), '--backend', 'wasm'];

const refusals: [args: string[], code: number, message: RegExp][] = [
  [[], 2, /^cosim: --preset and --out are needed\nSee 'cosim distill --help'/],
  [['--preset', 'cifar10'], 2, /--preset: unknown value 'cifar10'.* Known: cifar10-uncond, cifar10-cond, imagenet64/],
  [['--preset', 'digits'], 2, /--out is needed/],
  [['--preset', 'cifar10-uncond', '--out', file('never')], 2, /--teacher \(edm-cifar10-32x32-uncond-vp, which is not shipped\) and --data are needed/],
  [['--preset', 'cifar10-uncond', '--out', file('never'), '--teacher', TEACHER], 2, /--data is needed/],
  [[...digits, '--data', file('nowhere')], 2, /--data: there is no file or folder/],
  [[...digits, '--teacher', file('absent.pkl')], 2, /--teacher: there is no file or folder '\S+absent\.pkl'/],
  [[...digits, '--out', join(__filename, 'run')], 2, /^cosim: --out: \S+ cannot be written: a part of the path is a file \(ENOTDIR\)\n$/],
  [[...digits, '--batch', '0'], 2, /--batch must be a whole number of at least 1/],
  [[...digits, '--learning-rate', 'fast'], 2, /--learning-rate must be a number, got 'fast'/],
  [[...digits, '--learning-rate', '-1'], 2, /--learning-rate must be a finite number above 0, got -1/],
  [[...digits, '--batch', '64', '--rounds', '3'], 2, /accumulationRounds must be a divisor of the batch 64, got 3/],
  [[...digits, '--coef', '0'], 2, /--coef must be a finite number above 0/],
  [[...digits, '--method', 'sid', '--coef', '1'], 2, /sid: unknown option 'coef'/],
  [[...digits, '--steps', '1,3'], 2, /--steps: the method has times for 1, 2, 4 steps, none for 3/],
  [[...digits, '--features', 'incepton'], 2, /--features: .*Did you mean 'inception'/],
  [[...digits, '--estimate', '--features', file('absent.onnx')], 2, /--features: .*absent\.onnx/],
  [[...digits, '--metrics', 'fid'], 2, /--metrics must be some of fd, kid/],
  [[...digits, '--data', 'checkerboard'], 2, /samples of 'checkerboard' must be of shape \[16, 16, 1\]/],
]; // prettier-ignore

test('distill refuses what it cannot do before any work, and names the argument', async t => {
  for (const [given, code, message] of refusals)
    await t.test(given.join(' ') || 'nothing', async () => {
      const result = await cosim('distill', ...given);
      assert.match(result.err, message);
      assert.equal(result.code, code);
    });
  assert.ok(!existsSync(file('never')));
  await saveTeacher(file('three.safetensors'), 3);
  const classes = await cosim('distill', ...digits, '--teacher', file('three.safetensors'));
  assert.match(classes.err, /classes of 'digits16' must be 3, got 10/);
});
