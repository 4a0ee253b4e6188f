/* Whole steps of CoSIM on the device against the eager engine on this machine's processor: losses and what they change. */
import * as tf from '@tensorflow/tfjs-core';
import { selectBackend } from '../../src/compute';
import type { Tensors } from '../../src/compute/tensors';
import { PRECISIONS } from '../../src/compute/xla/emitter';
import { openXlaDevice } from '../../src/compute/xla/pjrt';
import { EagerEngine } from '../../src/training/eager-engine';
import { type Case, OPTIONS } from '../../bench/cases';
import type { Report } from './report';
import { caseOf, prepared, steps, xlaEngine } from './training-case';

const TINY: Case['network'] = {
  kind: 'ddpmpp',
  resolution: 8,
  channels: 1,
  classes: 0,
  modelChannels: 16,
  channelMult: [1, 2],
  blocks: 1,
  attention: [4],
  dropout: 0,
};

/** With eps 1 Adam's change follows the gradient; as it is it divides by |gradient|, which turns rounding into signs. */
const SMOOTH = { ...OPTIONS, learningRate: 1e-2, eps: 1 };

const host = async (state: Tensors): Promise<Record<string, Float32Array>> =>
  Object.fromEntries(
    await Promise.all(
      Object.entries(state).map(async ([name, t]) => [name, (await t.data<'float32'>()).slice()] as const),
    ),
  );

/** Relative L2 distance of the change of the parameters. */
const changeError = (
  start: Record<string, Float32Array>,
  a: Record<string, Float32Array>,
  b: Record<string, Float32Array>,
): number => {
  let [difference, size] = [0, 0];
  for (const [name, before] of Object.entries(start))
    before.forEach((x, i) => {
      difference += (a[name][i] - b[name][i]) ** 2;
      size += (b[name][i] - x) ** 2;
    });
  return Math.sqrt(difference / size);
};

/** Losses relative, changes of all parameters relative, after `count` steps. */
export const stepsSection = async (report: Report, count = 3): Promise<void> => {
  await selectBackend({ backend: 'wasm' });
  const device = await openXlaDevice({ cache: false });
  const cases: Case[] = [caseOf('mlp-cosim', 256), { name: 'tiny-unet-cosim', network: TINY, work: 'cosim', batch: 8 }];
  for (const which of cases) {
    const eager = prepared(which, SMOOTH);
    const start = await host(eager.state);
    const reference = new EagerEngine(eager.state, eager.options, 'reference');
    const expected = await steps(reference, eager, { count });
    const end = await host(reference.state());
    reference.dispose();
    for (const precision of PRECISIONS) {
      const ours = prepared(which, SMOOTH);
      const { engine, seconds } = await xlaEngine(ours, device, precision);
      const { metrics } = await steps(engine, ours, { count });
      await engine.fetch();
      const loss = Object.keys(metrics).map(role => Math.abs(metrics[role].loss / expected.metrics[role].loss - 1));
      const change = changeError(start, await host(engine.state()), end);
      report({
        case: which.name,
        precision,
        steps: count,
        loss_error: Math.max(...loss),
        change_error: change,
        compile_s: seconds,
      });
      engine.dispose();
    }
  }
  report({ tensors_left: tf.memory().numTensors });
  device.dispose();
};
