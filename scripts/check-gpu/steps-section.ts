/* Whole steps of CoSIM on the device against the eager engine on this machine's processor: losses and what they change. */
import * as tf from '@tensorflow/tfjs-core';
import { selectBackend } from '../../src/compute';
import { PRECISIONS } from '../../src/compute/xla/emitter';
import { openXlaDevice } from '../../src/compute/xla/pjrt';
import { distanceOfChanges, hostOf } from '../../src/training/check-device';
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

/** Losses relative, changes of all parameters relative, after `count` steps. */
export const stepsSection = async (report: Report, count = 3): Promise<void> => {
  await selectBackend({ backend: 'wasm' });
  const device = await openXlaDevice({ cache: false });
  const cases: Case[] = [caseOf('mlp-cosim', 256), { name: 'tiny-unet-cosim', network: TINY, work: 'cosim', batch: 8 }];
  for (const which of cases) {
    const eager = prepared(which, SMOOTH);
    const start = await hostOf(eager.state);
    const reference = new EagerEngine(eager.state, eager.options, 'reference');
    const expected = await steps(reference, eager, { count });
    const end = await hostOf(reference.state());
    reference.dispose();
    for (const precision of PRECISIONS) {
      const ours = prepared(which, SMOOTH);
      const { engine, seconds } = await xlaEngine(ours, device, precision);
      const { metrics } = await steps(engine, ours, { count });
      await engine.fetch();
      const loss = Object.keys(metrics).map(role => Math.abs(metrics[role].loss / expected.metrics[role].loss - 1));
      const change = distanceOfChanges(start, await hostOf(engine.state()), end);
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
