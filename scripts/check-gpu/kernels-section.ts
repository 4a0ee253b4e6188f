/* Every kernel with its gradients against plain JavaScript, one module a kernel. */
import { selectBackend } from '../../src/compute';
import { trace } from '../../src/compute/graph/trace';
import type { Tensors } from '../../src/compute/tensors';
import { withPrefix } from '../../src/compute/tensors';
import { moduleOf } from '../../src/compute/xla/emit';
import { openXlaDevice, type PjrtDevice } from '../../src/compute/xla/pjrt';
import { arrangementCases } from '../../test/compute/graph/cases/arrangement';
import { imageCases } from '../../test/compute/graph/cases/images';
import { productCases } from '../../test/compute/graph/cases/products';
import { reductionCases } from '../../test/compute/graph/cases/reductions';
import { scalarCases } from '../../test/compute/graph/cases/scalars';
import { errorsOf, type KernelCase, type Runner } from '../../test/compute/graph/kernel-case';
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

type Call = {
  f: Parameters<Runner>[0];
  inputs: Parameters<Runner>[1];
  done: (result: Awaited<ReturnType<Runner>>) => void;
  failed: (error: unknown) => void;
};

/** A runner that waits for the calls of `count` cases and computes them in one module. */
const together = (device: PjrtDevice, count: number): Runner => {
  let calls: Call[] = [];
  const runAll = async (): Promise<void> => {
    const now = calls;
    calls = [];
    try {
      const inputs = Object.assign({}, ...now.map((call, i) => prefixed(`${i}/`, call.inputs))) as Call['inputs'];
      const f = (x: Tensors): Tensors =>
        Object.assign({}, ...now.map((call, i) => prefixed(`${i}/`, call.f(withPrefix(`${i}/`, x))))) as Tensors;
      const results = await runOnDevice(device, moduleOf(trace(f, shapesOf(inputs))), arraysOf(inputs));
      now.forEach(({ done }, i) => {
        done(unprefixed(`${i}/`, results));
      });
    } catch (error) {
      for (const { failed } of now) failed(error);
    }
  };
  return (f, inputs) =>
    new Promise((done, failed) => {
      calls.push({ f, inputs, done, failed });
      if (calls.length === count) void runAll();
    });
};

const prefixed = <T>(prefix: string, named: Readonly<Record<string, T>>): Record<string, T> =>
  Object.fromEntries(Object.entries(named).map(([name, value]) => [prefix + name, value]));
const unprefixed = <T>(prefix: string, named: Readonly<Record<string, T>>): Record<string, T> =>
  Object.fromEntries(
    Object.entries(named)
      .filter(([name]) => name.startsWith(prefix))
      .map(([name, value]) => [name.slice(prefix.length), value]),
  );

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
      const run = together(device, cases.length);
      try {
        const errors = await Promise.all(cases.map(c => errorsOf(c, run)));
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
