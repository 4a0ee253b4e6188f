import { shapeSize } from '../../../src/compute/host-arrays';
import type { Device, DeviceProgram, HostData } from '../../../src/compute/xla/device';
import type { HloModule } from '../../../src/compute/xla/hlo';

/** Runs a program once on every replica's arguments; results are float32. */
export const runProgram = async (
  device: Device,
  { module, program }: { module: HloModule; program: DeviceProgram },
  inputs: readonly Record<string, HostData>[],
): Promise<Record<string, Float32Array>[]> => {
  const given = await Promise.all(
    inputs.map((named, index) =>
      Promise.all(module.arguments.map(({ name, value }) => device.upload(named[name], value.shape, index))),
    ),
  );
  const outputs = await program.run(given);
  const results: Record<string, Float32Array>[] = [];
  for (const list of outputs) {
    const named: Record<string, Float32Array> = {};
    for (const [i, { name, value }] of module.results.entries())
      named[name] = await list[i].read(new Float32Array(shapeSize(value.shape)));
    results.push(named);
  }
  for (const array of [...given, ...outputs].flat()) array.dispose();
  return results;
};

/** Compiles a module, runs it once on every replica's arguments, and frees everything. */
export const runReplicas = async (
  device: Device,
  module: HloModule,
  inputs: readonly Record<string, HostData>[],
): Promise<Record<string, Float32Array>[]> => {
  const program = await device.compile(module);
  const results = await runProgram(device, { module, program }, inputs);
  program.dispose();
  return results;
};

/** The same on one device. */
export const runOnDevice = async (
  device: Device,
  module: HloModule,
  inputs: Record<string, HostData>,
): Promise<Record<string, Float32Array>> => (await runReplicas(device, module, [inputs]))[0];
