/* Times of whole training steps: state on the device, the batch uploaded and the metrics read every step. */
import { sum } from 'd3';
import { selectBackend } from '../../src/compute';
import type { KernelTime } from '../../src/compute/xla/kernel-times';
import { type HadProgram, openXlaDevice, type PjrtDevice, type ProgramMemory } from '../../src/compute/xla/pjrt';
import { parameterCount } from '../../src/networks';
import { denoiserOf, OPTIONS } from '../../bench/cases';
import { blockTimes, stepsFor } from './blocks';
import { productFlops } from './product-flops';
import { type Report, rounded } from './report';
import { caseOf, parseCase, prepared, steps, uploadCost, xlaEngine } from './training-case';
import { myTurn } from './turn';

/** Steps while kernels are recorded, and how many kernels are told of. */
const RECORDED = 5;
const LONGEST = 8;

/** Where the time of a step goes, by kernel: ms and calls a step. */
const kernelsOf = async (
  { client }: PjrtDevice,
  work: (count: number) => Promise<unknown>,
): Promise<{ kernels: KernelTime[]; kernels_ms: number }> => {
  const times = await client.kernelTimes(async () => {
    await work(RECORDED);
  });
  const aStep = times.map(({ name, calls, ms }) => ({ name, calls: calls / RECORDED, ms: rounded(ms / RECORDED) }));
  return { kernels: aStep.slice(0, LONGEST), kernels_ms: rounded(sum(times, ({ ms }) => ms) / RECORDED) };
};

/** @param cache folder for programs; @param asked cases as `parseCase` reads them */
export const speedSection = async (report: Report, cache: string, asked: readonly string[]): Promise<void> => {
  await selectBackend({ backend: 'wasm' });
  const programs: (Omit<HadProgram, 'program'> & { flops?: number; bytes?: number; memory?: ProgramMemory })[] = [];
  const device = await openXlaDevice({
    cache,
    onProgram: ({ program, ...how }) => {
      const { flops, 'bytes accessed': bytes } = program.cost() ?? {};
      programs.push({ ...how, flops, bytes, memory: program.memory });
    },
  });
  let flops = 0;
  const counting: PjrtDevice = {
    ...device,
    compile: module => {
      flops += productFlops(module);
      return device.compile(module);
    },
  };
  const { platformVersion: version, interfaceVersion } = device.client;
  report({ version, interface: interfaceVersion });
  for (const text of asked) {
    const { name, batch, precision } = parseCase(text);
    try {
      const t0 = performance.now();
      const ready = prepared(caseOf(name, batch), OPTIONS);
      const setUp = (performance.now() - t0) / 1000;
      programs.length = flops = 0;
      const { engine, seconds } = await xlaEngine(ready, counting, precision);
      await myTurn();
      const warm = await steps(engine, ready, { count: 3 });
      const { ends } = await steps(engine, ready, { first: 3, count: 3 });
      const count = stepsFor((ends[3] - ends[0]) / 3);
      const fed = await steps(engine, ready, { first: 6, count });
      const late = await steps(engine, ready, { first: 6 + count, count, late: count });
      const upload = await uploadCost(device, engine, ready);
      const { ms, ...how } = blockTimes(fed.ends);
      const which = { case: name, batch, precision, card: device.name, variant: process.env.CHECK_VARIANT };
      report({
        ...which,
        together: process.env.CHECK_TURNS !== undefined, // compiled while others compiled
        parameters: parameterCount(denoiserOf(caseOf(name, batch)).parameters),
        ms,
        ...how,
        ms_metrics_late: rounded((late.ends[count] - late.ends[0]) / count),
        upload_bytes: upload.bytes,
        upload_ms: rounded(upload.ms),
        set_up_s: rounded(setUp),
        ready_s: rounded(seconds),
        programs,
        flops,
        tflops: rounded(flops / ms / 1e9),
        losses: Object.fromEntries(Object.entries(fed.metrics).map(([role, { loss }]) => [role, loss])),
        first_losses: Object.fromEntries(Object.entries(warm.metrics).map(([role, { loss }]) => [role, loss])),
        memory: device.client.memory(),
        xla_flags: process.env.XLA_FLAGS,
      });
      const told = await kernelsOf(device, n => steps(engine, ready, { first: 6 + 2 * count, count: n })).catch(
        (error: Error) => ({ kernels_error: `${error.name}: ${error.message}` }), // the times above stay
      );
      report({ ...which, ...told });
      engine.dispose();
    } catch (error) {
      report({ case: name, batch, precision, error: String((error as Error).stack).slice(0, 1500) });
    }
  }
  device.dispose();
};
