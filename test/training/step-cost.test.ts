import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { selectBackend } from '../../src/compute/backend';
import { reachable } from '../../src/compute/graph/graph';
import { trace } from '../../src/compute/graph/trace';
import { addPrefix, type Tensors, withPrefix } from '../../src/compute/tensors';
import { cosim, type Method } from '../../src/methods';
import { drawInputs } from '../../src/training';
import { gradientOf } from '../../src/training';
import { tinyImageNet, tinyImages } from '../tiny';

before(() => selectBackend({ backend: 'cpu' }));

/** Convolutions of an update's traced gradient: forward, gradients by input, gradients by filter. */
const convolutions = async (method: Method, role: string): Promise<number[]> => {
  const update = method.updates.find(({ trains }) => trains === role)!;
  const drawn = await drawInputs(update.inputs, tinyImages, { seed: 0, step: 0, batch: 2, first: 0, count: 2 });
  const shapes: Record<string, readonly number[]> = {};
  for (const [name, { parameters }] of Object.entries(method.denoisers))
    for (const { name: parameter, shape } of parameters) shapes[`${name}/${parameter}`] = shape;
  for (const [name, { shape }] of Object.entries(drawn)) shapes[`batch/${name}`] = shape;
  const { results } = trace((inputs: Tensors) => {
    const { gradient, metrics } = gradientOf(update)(inputs, withPrefix('batch/', inputs), 2);
    return { gradient, ...addPrefix('metric/', metrics) };
  }, shapes);
  const ops = reachable(Object.values(results)).map(({ op }) => op);
  return ['conv', 'convInput', 'convFilter'].map(op => ops.filter(other => other === op).length);
};

test('a step computes what it must: 5 forward passes for psi, 7 for phi, no gradient of frozen weights', async () => {
  const denoiser = tinyImageNet();
  const method = cosim(denoiser, denoiser);
  const isConvolution = ({ name, shape }: { name: string; shape: readonly number[] }): boolean =>
    shape.length === 4 && !name.endsWith('.qkv.weight'); // written as matrix products
  const layers = denoiser.parameters.filter(isConvolution).length;
  // psi: G, D and F forward; F backward, by its filters everywhere and by its inputs behind the first layer
  assert.deepEqual(await convolutions(method, 'psi'), [3 * layers, layers - 1, layers]);
  // phi: G, D and F forward; D and F by their inputs (x_s depends on phi), G by filters and by inputs behind the first
  assert.deepEqual(await convolutions(method, 'phi'), [3 * layers, 3 * layers - 1, layers]);
});
