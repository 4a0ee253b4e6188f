/* Every kernel with its gradients against plain JavaScript, one module a kernel, compiled side by side. */
import { selectBackend } from '../../src/compute';
import { openXlaDevice } from '../../src/compute/xla/pjrt';
import { kernelErrors } from './kernel-errors';
import type { Report } from './report';

/** Worst error of each kernel relative to the largest expected magnitude. */
export const kernelsSection = async (report: Report): Promise<void> => {
  await selectBackend({ backend: 'wasm' });
  const device = await openXlaDevice({ cache: false });
  const started = performance.now();
  const { cases, worst, beyond, failed } = await kernelErrors(device);
  report({
    kernels: Object.keys(worst).length + Object.keys(failed).length,
    cases,
    worst: Math.max(...Object.values(worst)),
    beyond,
    failed,
    seconds: (performance.now() - started) / 1000,
  });
  report({ errors: worst });
  device.dispose();
};
