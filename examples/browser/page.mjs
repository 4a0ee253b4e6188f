/* Draws samples with an exported generator (one network call a step, here) or an exported sampler (all steps inside). */
import * as ort from '/ort/ort.wasm.min.mjs';
import { readMetadata } from './metadata.mjs';
import { normalSource } from './noise.mjs';

const COUNT = 16;
const element = id => document.getElementById(id);

/** Labels 0, 1, 2, ... as one-hot rows; nothing for an unconditional model. */
const labelFeeds = classes => {
  if (classes === 0) return {};
  const rows = Float32Array.from({ length: COUNT * classes }, (_, i) => Number(i % classes === Math.floor(i / classes) % classes)); // prettier-ignore
  return { labels: new ort.Tensor('float32', rows, [COUNT, classes]) };
};

/** Algorithm 1 of the paper: x <- G(x, t_k), with fresh noise of the next time added but for the last. */
const sampleWithGenerator = async (session, { sampleShape, classes }, times, noise) => {
  const shape = [COUNT, ...sampleShape];
  let x = noise[0].map(z => times[0] * z);
  for (const [k, t] of times.entries()) {
    const sigma = new ort.Tensor('float32', new Float32Array(COUNT).fill(t), [COUNT]);
    const { xHat } = await session.run({ x: new ort.Tensor('float32', x, shape), sigma, ...labelFeeds(classes) });
    x = k + 1 < times.length ? xHat.data.map((v, i) => v + times[k + 1] * noise[k + 1][i]) : xHat.data;
  }
  return x;
};

const sampleWithSampler = async (session, { sampleShape, classes }, times, noise) => {
  const all = Float32Array.from(noise.flatMap(step => [...step]));
  const input = new ort.Tensor('float32', all, [times.length, COUNT, ...sampleShape]);
  const { samples } = await session.run({ noise: input, ...labelFeeds(classes) });
  return samples.data;
};

/** Samples in [-1, 1], [COUNT, H, W, C], as a square grid on a canvas. */
const drawGrid = (canvas, samples, [H, W, C]) => {
  const columns = Math.ceil(Math.sqrt(COUNT));
  canvas.width = columns * W;
  canvas.height = Math.ceil(COUNT / columns) * H;
  const context = canvas.getContext('2d');
  for (let n = 0; n < COUNT; n++) {
    const image = context.createImageData(W, H); // bytes: rounds and clips
    for (let p = 0; p < H * W; p++) {
      for (let c = 0; c < 3; c++)
        image.data[4 * p + c] = (samples[(n * H * W + p) * C + (C === 3 ? c : 0)] + 1) * 127.5;
      image.data[4 * p + 3] = 255;
    }
    context.putImageData(image, (n % columns) * W, Math.floor(n / columns) * H);
  }
};

const addPanel = () => {
  const figure = document.createElement('figure');
  const [canvas, caption] = ['canvas', 'figcaption'].map(name => figure.appendChild(document.createElement(name)));
  element('panels').append(figure);
  return { canvas, caption };
};

const open = async () => {
  const response = await fetch('model.onnx');
  if (!response.ok) throw new Error(`model.onnx: ${response.status} ${response.statusText}`);
  const bytes = new Uint8Array(await response.arrayBuffer());
  const metadata = readMetadata(bytes);
  if (metadata.format !== 'cosim-onnx-1') throw new Error('model.onnx was not written by `cosim export`');
  const model = { sampleShape: JSON.parse(metadata.sampleShape), classes: Number(metadata.classes) };
  if (!metadata.pixels) throw new Error(`this page draws images; samples of this model are [${model.sampleShape}]`);
  const began = performance.now();
  const session = await ort.InferenceSession.create(bytes, { executionProviders: ['wasm'] });
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  const sampler = metadata.kind === 'sampler';
  const choices = sampler ? [JSON.parse(metadata.times)] : [1, 2, 4].map(K => JSON.parse(metadata.samplingTimes)[K]);
  element('status').textContent = `${metadata.kind} by ${metadata.library}, ${(bytes.length / 2 ** 20).toFixed(2)} MiB, ready in ${seconds} s, ${ort.env.wasm.numThreads} thread(s)`; // prettier-ignore
  return { session, model, choices, sample: sampler ? sampleWithSampler : sampleWithGenerator };
};

const main = async () => {
  const { session, model, choices, sample } = await open();
  const size = model.sampleShape.reduce((a, b) => a * b);
  const panels = choices.map(addPanel);
  const noiseOf = (seed, K) => {
    const normal = normalSource(seed); // every choice of times starts from the same noise
    return Array.from({ length: K }, () => Float32Array.from({ length: COUNT * size }, normal));
  };
  await sample(session, model, choices[0], noiseOf(0, choices[0].length)); // the first run prepares kernels
  let seed = 0;
  const draw = async () => {
    seed++;
    globalThis.drawn = []; // what was drawn from what, for check.ts
    for (const [i, times] of choices.entries()) {
      const noise = noiseOf(seed, times.length);
      const began = performance.now();
      const samples = await sample(session, model, times, noise);
      const ms = (performance.now() - began) / times.length;
      drawGrid(panels[i].canvas, samples, model.sampleShape);
      panels[i].caption.textContent = `${times.length} step${times.length > 1 ? 's' : ''} (${times.map(t => Number(t.toPrecision(3))).join(', ')}): ${ms.toFixed(1)} ms a step for ${COUNT} images`; // prettier-ignore
      globalThis.drawn.push({ times, ms, noise: noise.map(step => [...step]), samples: [...samples] });
    }
  };
  await draw();
  element('again').disabled = false;
  element('again').onclick = () => draw().catch(report);
  document.body.dataset.state = 'drawn';
};

const report = error => {
  element('status').textContent = `Failed: ${error.message ?? error}`;
  document.body.dataset.state = 'failed';
};

main().catch(report);
