import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { type Fixture, type Json, openFixture } from '../../../scripts/parity/fixture';
import { recordedGradients } from '../../../scripts/parity/gradients';
import { array, type Measure, passes, ratioOf, scalar } from '../../../scripts/parity/measure';
import {
  conditionsOf,
  type Floors,
  imagesOf,
  networkOf,
  parametersOf,
  weightsOf,
} from '../../../scripts/parity/network';
import { selectBackend } from '../../../src/compute/backend';
import type { TensorFunction } from '../../../src/compute/graph/trace';
import { addPrefix, type Tensors, valueAndGradients } from '../../../src/compute/tensors';
import type { Denoiser } from '../../../src/networks';
import { goldenFolder } from '../../golden';
import { runLowered, shapedOf, tensorsOf } from './lowerings';

before(() => selectBackend({ backend: 'wasm' }));

const casesOf = (folder: string, kind: string): string[] =>
  readdirSync(join(goldenFolder, folder))
    .filter(name => name.endsWith('.json'))
    .map(name => join(goldenFolder, folder, name))
    .filter(path => (JSON.parse(readFileSync(path, 'utf8')) as Json).kind === kind);

const nameOf = (path: string): string => path.slice(goldenFolder.length + 1).replace('.json', '');

const assertAllPass = (measures: Measure[], where: string): void =>
  assert.deepEqual(
    measures.filter(m => !passes(m)).map(m => `${m.quantity}: ${m.error}, ${ratioOf(m)} floors`),
    [],
    where,
  );

const inputsOf = (fixture: Fixture, denoiser: Denoiser): Tensors => ({
  ...parametersOf(denoiser, fixture),
  ...addPrefix('in/', conditionsOf(fixture, denoiser)),
  x: fixture.tensor('in/x'),
  sigma: tf.reshape(fixture.tensor('in/sigma'), [-1]),
});

describe('every recorded network, compiled, against PyTorch within ten noise floors, on every lowering', () => {
  for (const path of casesOf('net', 'network forward'))
    test(nameOf(path), async () => {
      const fixture = await openFixture(path);
      const { json, host, has } = fixture;
      const denoiser = networkOf(json);
      const bare = has('out/D_x_no_labels');
      const f: TensorFunction = ({ x, sigma, 'in/labels': labels, 'in/augment': augment, ...p }) => ({
        D_x: denoiser.denoise(p, x, sigma, { labels, augment }),
        ...(bare ? { D_x_no_labels: denoiser.denoise(p, x, sigma) } : {}),
      });
      const inputs = await shapedOf(inputsOf(fixture, denoiser));
      const floor = (json.noise_floor as Floors).D_x.rel_l2;
      for (const { lowering, results } of await runLowered(f, inputs)) {
        const measures = Object.entries(results).map(async ([output, data]) => {
          const ours = await imagesOf(tf.tensor(data, [...inputs.x.shape]));
          return array(output, ours, host(`out/${output}`).data as Float32Array, floor);
        });
        assertAllPass(await Promise.all(measures), lowering);
      }
    });

  for (const path of casesOf('grad', 'gradients'))
    test(nameOf(path), async () => {
      const fixture = await openFixture(path);
      const { json, host, tensor } = fixture;
      const source = await weightsOf(fixture, 'state_and_inputs_from');
      const denoiser = networkOf(source.json);
      const f: TensorFunction = ({ sigma, target, 'in/labels': labels, 'in/augment': augment, ...trained }) => {
        const { value, gradients } = valueAndGradients(({ x, ...p }) => {
          const D = denoiser.denoise(p, x, sigma, { labels, augment });
          return { value: tf.mean(tf.squaredDifference(D, target)), metrics: {} };
        }, trained);
        return { loss: value, ...addPrefix('grad/', gradients) };
      };
      const tensors = { ...inputsOf(source, denoiser), target: tensor('in/target') };
      const shapes = Object.fromEntries(Object.entries(tensors).map(([name, { shape }]) => [name, shape]));
      const floors = json.noise_floor as Floors;
      for (const { lowering, results } of await runLowered(f, await shapedOf(tensors))) {
        const { x, ...gradients } = tensorsOf(results, 'grad/', shapes);
        const gradientFloors = {
          all: floors.all_parameters.rel_l2,
          each: floors.worst_parameter.rel_l2,
          singles: true,
        };
        assertAllPass(
          [
            scalar('loss', results.loss[0], Number(json.loss_float64 ?? json.loss), 1e-6),
            array('d x', await imagesOf(x), host('grad/x').data as Float32Array, floors.x.rel_l2),
            ...(await recordedGradients(gradients, fixture, 'grad/', gradientFloors)),
          ],
          lowering,
        );
      }
    });
});
