/* Every kernel with its gradients on a device against plain JavaScript, one module a kernel. */
import { trace } from '../../src/compute/graph/trace';
import type { Device } from '../../src/compute/xla/device';
import { moduleOf } from '../../src/compute/xla/emit';
import { KERNEL_CASES, KERNEL_TOLERANCE } from '../../test/compute/graph/cases';
import { errorsOf } from '../../test/compute/graph/kernel-case';
import { arraysOf, shapesOf } from '../../test/compute/graph/shaped';
import { runOnDevice } from '../../test/compute/xla/run-on-device';

/** How far a device is from what is expected, by kernel. */
export type KernelErrors = {
  cases: number;
  /** Worst error of value and gradients, relative to the largest expected magnitude. */
  worst: Record<string, number>;
  /** Those of `worst` that exceed the tolerance. */
  beyond: Record<string, number>;
  /** What kernels that could not be compiled or run said. */
  failed: Record<string, string>;
};

/** All kernels, asked for side by side: a device that compiles in threads compiles several at once. */
export const kernelErrors = async (device: Device): Promise<KernelErrors> => {
  const kernels = [...new Set(KERNEL_CASES.map(({ kernel }) => kernel))];
  const worst: Record<string, number> = {};
  const failed: Record<string, string> = {};
  await Promise.all(
    kernels.map(async kernel => {
      const cases = KERNEL_CASES.filter(c => c.kernel === kernel);
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
  const beyond = Object.fromEntries(Object.entries(worst).filter(([, error]) => !(error <= KERNEL_TOLERANCE)));
  return { cases: KERNEL_CASES.length, worst, beyond, failed };
};
