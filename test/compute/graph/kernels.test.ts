import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { selectBackend } from '../../../src/compute/backend';
import { trace } from '../../../src/compute/graph/trace';
import { TRACED_KERNELS } from '../../../src/compute/graph/traced-kernels';
import { arrangementCases } from './cases/arrangement';
import { imageCases } from './cases/images';
import { productCases } from './cases/products';
import { reductionCases } from './cases/reductions';
import { scalarCases } from './cases/scalars';
import { errorsOf } from './kernel-case';
import { runCompiled, testedLowerings } from './lowerings';

const CASES = [...scalarCases, ...arrangementCases, ...reductionCases, ...productCases, ...imageCases];

/** Of the largest expected magnitude; float32 carries 6e-8. */
const TOLERANCE = 5e-6;

describe('every kernel, compiled, is what plain JavaScript computes', () => {
  const called = new Set<string>();

  before(async () => {
    await selectBackend({ backend: 'wasm' });
    trace(x => x, { x: [1] }); // registers the kernels
    for (const kernel of tf.getKernelsForBackend('trace')) {
      const { kernelName, kernelFunc } = kernel;
      kernel.kernelFunc = args => {
        called.add(kernelName);
        return kernelFunc(args);
      };
    }
  });

  test('every kernel that can be traced has a case', () => {
    assert.deepEqual(new Set(CASES.map(c => c.kernel)), new Set(Object.keys(TRACED_KERNELS)));
  });

  for (const kernel of Object.keys(TRACED_KERNELS)) {
    const cases = CASES.filter(c => c.kernel === kernel);
    test(`${kernel}: ${cases.length} cases, value and gradients, on every lowering`, async t => {
      const largest = { value: 0, gradient: 0 };
      const problems: string[] = [];
      for (const c of cases) {
        called.clear();
        for (const lowering of await testedLowerings()) {
          const what = `${c.what ?? kernel} on ${lowering}`;
          try {
            const { value, gradient } = await errorsOf(c, (f, inputs) => runCompiled(f, inputs, lowering));
            largest.value = Math.max(largest.value, value);
            largest.gradient = Math.max(largest.gradient, gradient);
            if (value > TOLERANCE || gradient > TOLERANCE)
              problems.push(`${what}: value ${value}, gradient ${gradient}`);
          } catch (error) {
            problems.push(`${what}: ${(error as Error).message}`);
          }
        }
        if (!called.has(kernel)) problems.push(`${c.what ?? kernel} does not call the kernel`);
      }
      t.diagnostic(
        `${kernel}: worst error value ${largest.value.toExponential(1)}, gradient ${largest.gradient.toExponential(1)}`,
      );
      assert.deepEqual(problems, []);
    });
  }
});
