import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { selectBackend } from '../../../src/compute/backend';
import { trace } from '../../../src/compute/graph/trace';
import { TRACED_KERNELS } from '../../../src/compute/graph/traced-kernels';
import { moduleOf } from '../../../src/compute/xla/emit';
import { KERNEL_CASES, KERNEL_TOLERANCE } from '../graph/cases';
import { errorsOf, type Runner } from '../graph/kernel-case';
import { arraysOf, shapesOf } from '../graph/shaped';
import { evaluate } from './evaluate';
import { testDevice } from './pjrt/cpu-plugin';
import { runOnDevice } from './run-on-device';

/** The worst errors of all cases of a kernel, and what exceeds the tolerance. */
const compared = async (kernel: string, run: Runner): Promise<{ worst: number; problems: string[] }> => {
  const cases = KERNEL_CASES.filter(c => c.kernel === kernel);
  const errors = (await errorsOf(cases, run)).map(({ value, gradient }) => Math.max(value, gradient));
  const problems = cases.flatMap(({ what = kernel }, i) =>
    errors[i] <= KERNEL_TOLERANCE ? [] : `${what}: ${errors[i]}`,
  );
  return { worst: Math.max(...errors), problems };
};

describe('every kernel as StableHLO, value and gradients', () => {
  before(() => selectBackend({ backend: 'wasm' }));

  const evaluated: Runner = (f, inputs) =>
    Promise.resolve(evaluate(moduleOf(trace(f, shapesOf(inputs))), arraysOf(inputs)) as Record<string, Float32Array>);
  for (const kernel of Object.keys(TRACED_KERNELS))
    test(`${kernel}, by the specification`, async t => {
      const { worst, problems } = await compared(kernel, evaluated);
      t.diagnostic(`${kernel}: worst error ${worst.toExponential(1)}`);
      assert.deepEqual(problems, []);
    });
});

describe("every kernel on XLA's own compiler", () => {
  const cpu = testDevice();

  for (const kernel of Object.keys(TRACED_KERNELS))
    test(kernel, async t => {
      const { worst, problems } = await compared(kernel, (f, inputs) =>
        runOnDevice(cpu.device, moduleOf(trace(f, shapesOf(inputs))), arraysOf(inputs)),
      );
      t.diagnostic(`${kernel}: worst error ${worst.toExponential(1)}`);
      assert.deepEqual(problems, []);
    });
});
