/* The client alone: the plugin is found, copies arrive, a program is compiled, kept, loaded and freed, the loop stays free. */
import { alive, findPlugin, nvidiaDriver, openXlaDevice, type PjrtDevice } from '../../src/compute/xla/pjrt';
import { compileCached } from '../../src/compute/xla/pjrt/program-cache';
import { type Report, rounded } from './report';

const ADD = `module @add {
  func.func public @main(%x: tensor<1048576xf32> {tf.aliasing_output = 0 : i32}, %y: tensor<1048576xf32>) -> tensor<1048576xf32> {
    %0 = stablehlo.add %x, %y : tensor<1048576xf32>
    return %0 : tensor<1048576xf32>
  }
}`;
const SIZE = 1048576;

/** The longest time that the event loop stood still while `work` ran, in ms. */
const longestStop = async (work: () => Promise<void>): Promise<number> => {
  let [last, longest] = [performance.now(), 0];
  const timer = setInterval(() => {
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
  }, 1);
  await work();
  clearInterval(timer);
  return longest;
};

const transfers = async ({ client }: PjrtDevice, report: Report): Promise<void> => {
  for (const size of [256, SIZE, 32 * SIZE]) {
    const data = Float32Array.from({ length: size }, (_, i) => i % 1000);
    const [up, down]: number[][] = [[], []];
    const back = new Float32Array(size);
    const stopped = await longestStop(async () => {
      for (let i = 0; i < 5; i++) {
        const t0 = performance.now();
        const buffer = await client.upload(data, [size]);
        await buffer.ready();
        const t1 = performance.now();
        await buffer.read(back);
        down.push(performance.now() - t1);
        up.push(t1 - t0);
        buffer.dispose();
      }
    });
    const equal = back.every((x, k) => x === data[k]);
    report({
      transfer_bytes: 4 * size,
      equal,
      up_ms: rounded(Math.min(...up)),
      down_ms: rounded(Math.min(...down)),
      loop_stopped_ms: rounded(stopped),
    });
  }
};

/** @param cache folder for programs */
export const clientSection = async (report: Report, cache: string): Promise<void> => {
  report({ plugin: await findPlugin(), driver: nvidiaDriver() });
  const started = performance.now();
  const device = await openXlaDevice({ cache: false });
  const { client } = device;
  report({
    open_s: rounded((performance.now() - started) / 1000),
    platform: client.platform,
    version: client.platformVersion,
    interface: client.interfaceVersion,
    devices: client.deviceKinds,
    memory: client.memory(),
    xla_flags: process.env.XLA_FLAGS,
  });
  await transfers(device, report);
  for (const expected of ['compiler', 'cache']) {
    const { program, ...how } = await compileCached(client, ADD, { donated: [0], cache });
    const ones = new Float32Array(SIZE).fill(1);
    let x = await client.upload(ones, [SIZE]);
    const y = await client.upload(ones, [SIZE]);
    const before = client.memory().inUse;
    const t0 = performance.now();
    for (let i = 0; i < 1000; i++) [x] = await program.run([x, y]);
    const last = (await x.read(new Float32Array(SIZE)))[SIZE - 1];
    const ms = (performance.now() - t0) / 1000;
    report({ expected, ...how, right: last === 1001, call_ms: rounded(ms), grew: client.memory().inUse - before });
    for (const buffer of [x, y]) buffer.dispose();
    report({ program_memory: program.memory, cost: program.cost() });
    program.dispose();
  }
  const problem = await client
    .compile('module @m { nonsense }')
    .catch((e: Error) => `${e.name}: ${e.message.slice(0, 100)}`);
  report({ refused: problem });
  device.dispose();
  report({ left: alive });
};
