/* Every kernel with its gradients against plain JavaScript, one module a kernel. */
import { selectBackend } from '../../src/compute';
import { trace } from '../../src/compute/graph/trace';
import { moduleOf } from '../../src/compute/xla/emit';
import { openXlaDevice } from '../../src/compute/xla/pjrt';
import { arrangementCases } from '../../test/compute/graph/cases/arrangement';
import { imageCases } from '../../test/compute/graph/cases/images';
import { productCases } from '../../test/compute/graph/cases/products';
import { reductionCases } from '../../test/compute/graph/cases/reductions';
import { scalarCases } from '../../test/compute/graph/cases/scalars';
import { errorsOf, type KernelCase } from '../../test/compute/graph/kernel-case';
import { arraysOf, shapesOf } from '../../test/compute/graph/lowerings';
import { runOnDevice } from '../../test/compute/xla/run-on-device';
import type { Report } from './report';

const CASES: readonly KernelCase[] = [
  ...scalarCases,
  ...arrangementCases,
  ...reductionCases,
  ...productCases,
  ...imageCases,
];

/** Worst error of each kernel relative to the largest expected magnitude; compiled side by side. */
export const kernelsSection = async (report: Report): Promise<void> => {
  await selectBackend({ backend: 'wasm' });
  const device = await openXlaDevice({ cache: false });
  const started = performance.now();
  const kernels = [...new Set(CASES.map(({ kernel }) => kernel))];
  const worst: Record<string, number> = {};
  const failed: Record<string, string> = {};
  await Promise.all(
    kernels.map(async kernel => {
      const cases = CASES.filter(c => c.kernel === kernel);
      try {
        const errors = await errorsOf(cases, (f, inputs) =>
          runOnDevice(device, moduleOf(trace(f, shapesOf(inputs))), arraysOf(inputs)),
        );
        worst[kernel] = Math.max(...errors.flatMap(({ value, gradient }) => [value, gradient]));
      } catch (error) {
        failed[kernel] = String(error).slice(0, 300);
      }
    }),
  );
  const beyond = Object.fromEntries(Object.entries(worst).filter(([, error]) => !(error <= 5e-6)));
  report({
    kernels: kernels.length,
    cases: CASES.length,
    worst: Math.max(...Object.values(worst)),
    beyond,
    failed,
    seconds: (performance.now() - started) / 1000,
  });
  report({ errors: worst });
  device.dispose();
};
