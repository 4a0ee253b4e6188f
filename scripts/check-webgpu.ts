/*
 * node --import tsx scripts/check-webgpu.ts: one small compiled CoSIM step on ONNX Runtime's WebGPU provider beside its CPU
 * provider. Needs a Vulkan driver; without a card, SwiftShader's through VK_ICD_FILENAMES. Not part of `npm test`: most
 * machines have neither, and then it fails and says so.
 */
import { shapeSize } from '../src/compute/host-arrays';
import type * as Ort from 'onnxruntime-node';
import { selectBackend } from '../src/compute/backend';
import { normal } from '../src/compute/noise';
import { modelOf } from '../src/compute/onnx';
import { PORTABLE } from '../src/compute/onnx/lowering';
import { encodeOnnx } from '../src/compute/onnx/onnx-file';
import { runtime, SESSION_OPTIONS } from '../src/compute/onnx/runtime';
import { type Tensors, withPrefix } from '../src/compute/tensors';
import { cosim } from '../src/methods';
import { denoiserFromConfig } from '../src/networks';
import { gradientOf } from '../src/training';

const BATCH = 4;

const main = async (): Promise<void> => {
  await selectBackend({ backend: 'cpu' });
  const unet = { resolution: 8, channels: 1, modelChannels: 16, channelMult: [1, 2], blocks: 1, attention: [4] };
  const denoiser = denoiserFromConfig({ kind: 'ddpmpp', ...unet, dropout: 0 });
  const method = cosim(denoiser, denoiser);
  const [, phi] = method.updates;
  const shapes: Record<string, number[]> = { 'batch/s': [BATCH], 'batch/t': [BATCH] };
  for (const [role, { parameters }] of Object.entries(method.denoisers))
    for (const { name, shape } of parameters) shapes[`${role}/${name}`] = [...shape];
  for (const name of ['x0', 'noiseT', 'noiseS']) shapes[`batch/${name}`] = [BATCH, 8, 8, 1];
  const step = (inputs: Tensors): Tensors => {
    const { gradient, metrics } = gradientOf(phi)(inputs, withPrefix('batch/', inputs), BATCH);
    return { gradient, loss: metrics.loss };
  };
  const bytes = encodeOnnx(modelOf(step, shapes, PORTABLE));
  const { InferenceSession, Tensor } = runtime();
  const feeds: Record<string, Ort.Tensor> = {};
  for (const [name, shape] of Object.entries(shapes)) {
    const values = normal({ seed: 1, stream: name }, shapeSize(shape));
    const level = /\/[st]$/.test(name);
    feeds[name] = new Tensor('float32', level ? values.map(z => Math.exp(z)) : values.map(z => 0.2 * z), shape);
  }
  const run = async (provider: string): Promise<{ gradient: Float32Array; ms: number }> => {
    const session = await InferenceSession.create(bytes, { ...SESSION_OPTIONS, executionProviders: [provider] });
    await session.run(feeds);
    const start = performance.now();
    const { gradient } = await session.run(feeds);
    const ms = performance.now() - start;
    await session.release();
    return { gradient: gradient.data as Float32Array, ms };
  };
  const [gpu, cpu] = [await run('webgpu'), await run('cpu')];
  const largest = cpu.gradient.reduce((max, x) => Math.max(max, Math.abs(x)), 0);
  const error = cpu.gradient.reduce((max, x, i) => Math.max(max, Math.abs(x - gpu.gradient[i])), 0) / largest;
  console.log(
    `gradient of phi, ${cpu.gradient.length} numbers: largest difference ${error.toExponential(1)} of the largest`,
  );
  console.log(`one step: webgpu ${gpu.ms.toFixed(0)} ms, cpu ${cpu.ms.toFixed(0)} ms`);
  if (!(error < 1e-4)) process.exitCode = 1;
};

void main();
