import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { selectBackend } from '../../../src/compute/backend';
import { trace } from '../../../src/compute/graph/trace';
import { TRACED_KERNELS } from '../../../src/compute/graph/traced-kernels';
import { KERNEL_CASES as CASES, KERNEL_TOLERANCE as TOLERANCE } from './cases';
import { errorsOf, taskOf } from './kernel-case';
import { runCompiled, testedLowerings } from './lowerings';
import { shapesOf } from './shaped';

describe('every kernel, compiled, is what plain JavaScript computes', () => {
  const called = new Set<string>();
  const originals = new Map<tf.KernelConfig, tf.KernelFunc>();

  before(async () => {
    await selectBackend({ backend: 'wasm' });
    trace(x => x, { x: [1] }); // registers the kernels
    for (const kernel of tf.getKernelsForBackend('trace')) {
      const { kernelName, kernelFunc } = kernel;
      originals.set(kernel, kernelFunc);
      kernel.kernelFunc = args => {
        called.add(kernelName);
        return kernelFunc(args);
      };
    }
  });

  after(() => originals.forEach((kernelFunc, kernel) => (kernel.kernelFunc = kernelFunc)));

  test('every kernel that can be traced has a case', () => {
    assert.deepEqual(new Set(CASES.map(c => c.kernel)), new Set(Object.keys(TRACED_KERNELS)));
  });

  for (const kernel of Object.keys(TRACED_KERNELS)) {
    const cases = CASES.filter(c => c.kernel === kernel);
    test(`${kernel}: ${cases.length} cases, value and gradients, on every lowering`, async t => {
      const silent = cases.filter(c => {
        const { f, inputs } = taskOf(c);
        called.clear();
        trace(f, shapesOf(inputs));
        return !called.has(kernel);
      });
      const problems = silent.map(({ what = kernel }) => `${what} does not call the kernel`);
      const largest = { value: 0, gradient: 0 };
      for (const lowering of await testedLowerings()) {
        const errors = await errorsOf(cases, (f, inputs) => runCompiled(f, inputs, lowering));
        for (const [i, { value, gradient }] of errors.entries()) {
          largest.value = Math.max(largest.value, value);
          largest.gradient = Math.max(largest.gradient, gradient);
          if (!(value <= TOLERANCE && gradient <= TOLERANCE))
            problems.push(`${cases[i].what ?? kernel} on ${lowering}: value ${value}, gradient ${gradient}`);
        }
      }
      t.diagnostic(
        `${kernel}: worst error value ${largest.value.toExponential(1)}, gradient ${largest.gradient.toExponential(1)}`,
      );
      assert.deepEqual(problems, []);
    });
  }
});
