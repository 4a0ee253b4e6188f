/* The accelerators behind a PJRT plugin, as training and sampling see them. */
import type { Device, DeviceProgram } from '../device';
import type { HloModule } from '../hlo';
import { moduleText } from '../print';
import type { Client } from './client';
import type { DeviceBuffer } from './device-buffer';
import { openDevice, type OpenOptions } from './open-device';
import { type CacheOptions, compileCached, type HadProgram } from './program-cache';

/** What a device reports while it works; nothing of it is needed. */
export type DeviceOptions = CacheOptions & {
  /** called when a program is there; it stays the device's */
  onProgram?: (had: HadProgram) => void;
  /** XLA's debug options for every module, e.g. `{ xla_gpu_autotune_level: 0 }` */
  flags?: Readonly<Record<string, string | boolean | number>>;
};

/** A device whose plugin can be asked for more. */
export type PjrtDevice = Device & {
  readonly client: Client;
  dispose: () => void;
};

const compile = async (client: Client, module: HloModule, options: DeviceOptions): Promise<DeviceProgram> => {
  const { onProgram, ...rest } = options;
  const donated = module.arguments.flatMap(({ donatedTo }, i) => (donatedTo === undefined ? [] : [i]));
  const had = await compileCached(client, moduleText(module), {
    ...rest,
    replicas: module.replicas,
    donated,
  });
  const { program } = had;
  try {
    program.requireRoom(program.memory?.arguments); // they are there already, or small
  } catch (error) {
    program.dispose();
    throw error;
  }
  onProgram?.(had);
  return {
    run: inputs => program.runOn(inputs as readonly (readonly DeviceBuffer[])[]), // a device's arrays are its buffers
    ...(program.memory && { memory: program.memory }),
    requireRoom: resident => {
      program.requireRoom(resident);
    },
    dispose: () => {
      program.dispose();
    },
  };
};

/** The devices of an open client. Disposing of it disposes of the client. */
const pjrtDevice = (client: Client, options: DeviceOptions = {}): PjrtDevice => {
  const { limit } = client.memory();
  return {
    name: client.deviceKinds[0],
    count: client.deviceCount,
    accelerates: client.platform !== 'cpu',
    ...(limit > 0 && { limit }),
    memory: index => client.memory(index),
    compile: module => compile(client, module, options),
    upload: (data, shape, index = 0) => {
      const type =
        data instanceof Float32Array
          ? 'float32'
          : data instanceof Int32Array
            ? 'int32'
            : data instanceof Uint32Array
              ? 'uint32'
              : 'uint8';
      return client.upload(data, shape, type, index);
    },
    client,
    dispose: () => {
      client.dispose();
    },
  };
};

/**
 * Opens the devices of this machine, or of the plugin that `plugin` names.
 * @throws as `openDevice`
 */
export const openXlaDevice = async ({
  plugin,
  memoryFraction,
  ...options
}: OpenOptions & DeviceOptions = {}): Promise<PjrtDevice> =>
  pjrtDevice(await openDevice({ plugin, memoryFraction }), options);
