/*
 * A client of XLA through a PJRT plugin: a shared library (CUDA, ROCm, TPU, CPU) that compiles StableHLO and runs it on
 * its devices. This file opens one; tensors are in device-buffer.ts, compiled programs in program.ts.
 */
import type { DeviceMemory } from '../device';
import { type Api, pluginAt } from './api';
import { type KernelTime, kernelTimes } from '../kernel-times';
import { type ClientOptions, namedValues } from './client-options';
import { type CompileOptions, encodeCompileOptions } from './compile-options';
import { alive, type DeviceBuffer, type DeviceType, type HostData, uploadTo } from './device-buffer';
import { DeviceError, EXHAUSTED, NoDeviceError, OutOfDeviceMemoryError, PjrtError } from './device-error';
import { type Address, addressOf, bytesAt, Struct, wordAt, zeroEnded } from './native-memory';
import { PARTS } from './argument-structs';
import { recorded } from './profiler';
import { Program } from './program';

/** How a module is compiled, and which of its arguments a run consumes. */
export type ProgramOptions = CompileOptions & {
  /** positions of the arguments that the module gives to results (`tf.aliasing_output`, `jax.buffer_donor`) */
  donated?: readonly number[];
};

/** An open plugin with its devices. */
export class Client {
  /** e.g. `cuda`, `rocm`, `tpu`, `cpu` */
  readonly platform: string;
  /** the plugin's own words about its version, e.g. the CUDA release */
  readonly platformVersion: string;
  /** kind of each device, e.g. `NVIDIA H100 80GB HBM3` */
  readonly deviceKinds: readonly string[];
  private disposed = false;

  private constructor(
    private readonly api: Api,
    private readonly client: Address,
    private readonly devices: readonly Address[],
  ) {
    alive.clients++;
    const name = api.call('Client_PlatformName', { client });
    this.platform = bytesAt(name.get('platform_name'), Number(name.get('platform_name_size'))).toString();
    const version = api.call('Client_PlatformVersion', { client });
    const length = Number(version.get('platform_version_size'));
    this.platformVersion = bytesAt(version.get('platform_version'), length).toString();
    this.deviceKinds = devices.map(device => {
      const described = api.call('Device_GetDescription', { device }).get('device_description');
      const kind = api.call('DeviceDescription_Kind', { device_description: described });
      return bytesAt(kind.get('device_kind'), Number(kind.get('device_kind_size'))).toString();
    });
  }

  /**
   * Loads the plugin and finds its devices; takes seconds, the event loop goes on.
   * @param plugin path of the shared library; `findPlugin` looks for one
   * @param options the plugin's own, e.g. `{ preallocate: false, memory_fraction: 0.5 }` for CUDA
   * @throws ForeignCallsError without koffi; PluginError for a file that is no plugin; NoDeviceError without a device;
   *   DriverError where the driver is too old
   */
  static async open(plugin: string, options: ClientOptions = {}): Promise<Client> {
    const api = pluginAt(plugin);
    const { list, count, kept } = namedValues(options);
    const made = await api.callAsync(
      'Client_Create',
      { create_options: count > 0 ? addressOf(list) : 0n, num_options: count },
      [list, kept],
    );
    const client = made.get('client');
    const found = api.call('Client_AddressableDevices', { client });
    const devices = Array.from({ length: Number(found.get('num_addressable_devices')) }, (_, i) =>
      wordAt(found.get('addressable_devices') + BigInt(8 * i)),
    );
    if (devices.length === 0) {
      api.call('Client_Destroy', { client });
      throw new NoDeviceError(`the plugin ${plugin} works but has no device`);
    }
    return new Client(api, client, devices);
  }

  /** Path of the plugin. */
  get plugin(): string {
    return this.api.path;
  }

  /** Version of the PJRT interface, e.g. `0.115`. */
  get interfaceVersion(): string {
    return this.api.version.join('.');
  }

  /** Number of devices. */
  get deviceCount(): number {
    return this.devices.length;
  }

  private device(index: number): Address {
    if (!(index in this.devices))
      throw new DeviceError(`expected a device from 0 to ${this.devices.length - 1}, got ${index}`);
    return this.devices[index];
  }

  /**
   * Compiles a StableHLO module (text of MLIR, or its bytecode): seconds, in a thread of the pool.
   * @throws PjrtError with the compiler's words; OutOfDeviceMemoryError
   */
  async compile(module: string | Uint8Array, { donated = [], ...options }: ProgramOptions = {}): Promise<Program> {
    const [code, format, encoded] = [zeroEnded(module), zeroEnded('mlir'), zeroEnded(encodeCompileOptions(options))];
    const program = new Struct(PARTS.Program, {
      code: addressOf(code),
      code_size: code.byteLength - 1,
      format: addressOf(format),
      format_size: format.byteLength - 1,
    });
    const values = {
      client: this.client,
      program: program.address,
      compile_options: addressOf(encoded),
      compile_options_size: encoded.byteLength - 1,
    };
    try {
      const made = await this.api.callAsync('Client_Compile', values, [code, format, encoded, program]);
      return this.programOf(made.get('executable'), donated);
    } catch (error) {
      if (!(error instanceof PjrtError) || error.code !== EXHAUSTED) throw error;
      const { inUse, limit } = this.memory();
      throw new OutOfDeviceMemoryError('compiling this module', 0, inUse, limit, error);
    }
  }

  /**
   * A program from `Program.serialize`, by the same plugin for the same kind of device. The bytes are trusted: they hold
   * machine code. Use `ProgramCache`, which checks that they are its own.
   */
  async load(bytes: Uint8Array, { donated = [] }: Pick<ProgramOptions, 'donated'> = {}): Promise<Program> {
    const content = zeroEnded(bytes);
    const values = {
      client: this.client,
      serialized_executable: addressOf(content),
      serialized_executable_size: bytes.length,
    };
    const made = await this.api.callAsync('Executable_DeserializeAndLoad', values, [content]);
    return this.programOf(made.get('loaded_executable'), donated);
  }

  /**
   * The kernels that run on the devices while `work` runs, the longest first. Recording makes the work slower.
   * @throws PluginError where the plugin has no profiler, or its profiler fails
   */
  async kernelTimes(work: () => Promise<void>): Promise<KernelTime[]> {
    return kernelTimes(await recorded(this.api, work));
  }

  private programOf(executable: Address, donated: readonly number[]): Program {
    return new Program(this.api, executable, donated, () => this.memory());
  }

  /**
   * Copies an array to a device. It must not change before the promise settles.
   * @param shape lengths of the axes, row-major; `[]` for a scalar
   * @throws OutOfDeviceMemoryError; DeviceError where the number of bytes is not what `shape` and `type` say
   */
  upload(data: HostData, shape: readonly number[], type: DeviceType = 'float32', device = 0): Promise<DeviceBuffer> {
    return uploadTo(this.api, this.client, this.device(device), data, shape, type);
  }

  /** What a device says about its memory; zeros where it does not say. */
  memory(device = 0): DeviceMemory {
    try {
      const stats = this.api.call('Device_MemoryStats', { device: this.device(device) });
      return {
        inUse: Number(stats.get('bytes_in_use')),
        peak: Number(stats.get('peak_bytes_in_use')),
        limit: Number(stats.get('bytes_limit')),
      };
    } catch (error) {
      if (error instanceof PjrtError) return { inUse: 0, peak: 0, limit: 0 }; // the CPU's plugin has no answer
      throw error;
    }
  }

  /** Lets the devices go. Buffers and programs must be disposed of before. A second call does nothing. */
  dispose(): void {
    if (this.disposed) return;
    this.disposed = true;
    alive.clients--;
    this.api.call('Client_Destroy', { client: this.client });
  }
}
