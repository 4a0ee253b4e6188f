import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { selectBackend } from '../../../src/compute/backend';
import { TRACED_KERNELS } from '../../../src/compute/graph/traced-kernels';
import { TESTED_BACKENDS } from '../../golden';
import { arrangementCases } from './cases/arrangement';
import { imageCases } from './cases/images';
import { productCases } from './cases/products';
import { reductionCases } from './cases/reductions';
import { scalarCases } from './cases/scalars';
import { errorsOf } from './kernel-case';
import { runEagerly } from './lowerings';

const CASES = [...scalarCases, ...arrangementCases, ...reductionCases, ...productCases, ...imageCases];

/** Of the largest expected magnitude; float32 carries 6e-8. */
const TOLERANCE = 5e-6;

const asked = TESTED_BACKENDS.includes('native');

describe(
  'every kernel that can be traced, on libtensorflow',
  { skip: !asked && 'COSIM_TEST_NATIVE=1 asks for it' },
  () => {
    before(() => selectBackend({ backend: 'native' }));

    for (const kernel of Object.keys(TRACED_KERNELS)) {
      const cases = CASES.filter(c => c.kernel === kernel && !c.what?.startsWith('called directly')); // by the trace alone
      test(`${kernel}: ${cases.length} cases, value and gradients`, async t => {
        const errors = await errorsOf(cases, (f, inputs) => runEagerly(f, inputs, 'native'));
        const problems = cases.flatMap(({ what = kernel }, i) => {
          const { value, gradient } = errors[i];
          return value <= TOLERANCE && gradient <= TOLERANCE ? [] : `${what}: value ${value}, gradient ${gradient}`;
        });
        const worst = Math.max(0, ...errors.flatMap(({ value, gradient }) => [value, gradient]));
        t.diagnostic(`${kernel}: worst error ${worst.toExponential(1)}`);
        assert.deepEqual(problems, []);
      });
    }
  },
);
