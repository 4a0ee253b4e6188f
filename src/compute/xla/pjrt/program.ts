/* Compiled programs on a device. */
import type { DeviceMemory } from '../device';
import type { Api, Arguments, Values } from './api';
import type { STRUCTS } from './argument-structs';
import { PARTS } from './argument-structs';
import { alive, DeviceBuffer } from './device-buffer';
import { DeviceError, EXHAUSTED, OutOfDeviceMemoryError, PjrtError, UNIMPLEMENTED } from './device-error';
import type { FunctionName } from './functions';
import { type Address, addressOf, bytesAt, floatAt, integers, memory, Struct, wordAt } from './native-memory';

/** Bytes that a program needs on one device while it runs. */
export type ProgramMemory = {
  /** the arguments */
  arguments: number;
  /** the results */
  results: number;
  /** of the results, what takes the place of donated arguments */
  aliased: number;
  /** intermediate values */
  temporary: number;
  /** the program's code */
  code: number;
  /** all together: arguments, results that take no argument's place, intermediate values, code */
  total: number;
};

/** A compiled program. */
export class Program {
  /** Number of results. */
  readonly outputs: number;
  /** Bytes the program needs; undefined where the plugin does not say. */
  readonly memory: ProgramMemory | undefined;
  private disposed = false;
  private running = 0; // calls of the plugin that use it in another thread

  /** Made by `Client.compile` and `Client.load`. */
  constructor(
    private readonly api: Api,
    private readonly loaded: Address,
    /** Positions of the arguments that a run consumes. */
    readonly donated: readonly number[],
    private readonly deviceMemory: () => DeviceMemory,
  ) {
    alive.programs++;
    this.outputs = this.examine(executable =>
      Number(api.call('Executable_NumOutputs', { executable }).get('num_outputs')),
    );
    this.memory = this.examine(executable => memoryOf(api, executable));
  }

  /** Lets it live until `work` has ended. */
  private async whileAlive<T>(work: () => Promise<T>): Promise<T> {
    this.requireAlive();
    this.running++;
    try {
      return await work();
    } finally {
      this.running--;
      if (this.disposed) this.destroyUnused();
    }
  }

  private requireAlive(): void {
    if (this.disposed) throw new DeviceError('this program was disposed of before');
  }

  private examine<T>(look: (executable: Address) => T): T {
    this.requireAlive();
    const { api, loaded } = this;
    const executable = api.call('LoadedExecutable_GetExecutable', { loaded_executable: loaded }).get('executable');
    try {
      return look(executable);
    } finally {
      api.call('Executable_Destroy', { executable });
    }
  }

  /**
   * Starts the program on one device. Resolves as soon as it is started: its results can be passed on at once, and `read`
   * waits for them. Donated arguments are consumed, whether the program fails or not.
   * @throws OutOfDeviceMemoryError where the device has no room, DeviceError what else the plugin answered
   */
  async run(inputs: readonly DeviceBuffer[]): Promise<DeviceBuffer[]> {
    return (await this.runOn([inputs]))[0];
  }

  /**
   * Starts the program on several devices side by side: `inputs[d]` are the arguments on device d, the result's [d] are
   * the results there.
   * @throws as `run`
   */
  async runOn(inputs: readonly (readonly DeviceBuffer[])[]): Promise<DeviceBuffer[][]> {
    this.requireAlive();
    const results = inputs.map(() => memory(8 * this.outputs));
    const lists = inputs.map(list => integers(list.map(({ address }) => address)));
    const argumentLists = integers(lists.map(addressOf));
    const outputLists = integers(results.map(addressOf));
    const options = new Struct(PARTS.ExecuteOptions, {});
    const held = inputs.flat();
    for (const buffer of held) buffer.hold();
    try {
      await this.whileAlive(() =>
        this.api.callAsync(
          'LoadedExecutable_Execute',
          {
            executable: this.loaded,
            options: options.address,
            argument_lists: addressOf(argumentLists),
            num_devices: inputs.length,
            num_args: inputs[0].length,
            output_lists: addressOf(outputLists),
          },
          [results, lists, argumentLists, outputLists, options],
        ),
      );
    } catch (error) {
      throw this.explained(error);
    } finally {
      for (const list of inputs) for (const i of this.donated) list[i]?.dispose();
      for (const buffer of held) buffer.letGo();
    }
    return results.map(list =>
      Array.from({ length: this.outputs }, (_, i) => new DeviceBuffer(this.api, list.getBigUint64(8 * i, true))),
    );
  }

  private explained(error: unknown): unknown {
    if (!(error instanceof PjrtError) || error.code !== EXHAUSTED) return error;
    const { inUse, limit } = this.deviceMemory();
    const { total, arguments: there } = this.memory ?? { total: 0, arguments: 0 };
    return new OutOfDeviceMemoryError('the program', total - there, inUse, limit, error);
  }

  /**
   * Checks that the device has room for a run before one is tried. Arguments that lie there already count as free.
   * @param resident bytes of the program's arguments that are on the device already
   * @throws OutOfDeviceMemoryError
   */
  requireRoom(resident = 0): void {
    const { inUse, limit } = this.deviceMemory();
    const needed = (this.memory?.total ?? 0) - resident;
    if (limit > 0 && needed > limit - inUse) throw new OutOfDeviceMemoryError('the program', needed, inUse, limit);
  }

  /** The program as bytes, for `Client.load` with the same plugin and kind of device. */
  async serialize(): Promise<Buffer> {
    this.requireAlive();
    const { api, loaded } = this;
    const executable = api.call('LoadedExecutable_GetExecutable', { loaded_executable: loaded }).get('executable');
    try {
      const made = await this.whileAlive(() => api.callAsync('Executable_Serialize', { executable }));
      const bytes = bytesAt(made.get('serialized_bytes'), Number(made.get('serialized_bytes_size')));
      api.release(made.get('serialized_executable_deleter'), made.get('serialized_executable'));
      return bytes;
    } finally {
      api.call('Executable_Destroy', { executable });
    }
  }

  /**
   * What XLA counted, e.g. `flops` and `bytes accessed` of a run; undefined where the plugin does not say. Operations
   * inside a vendor's libraries may be missing.
   */
  cost(): Record<string, number> | undefined {
    return this.examine(executable => {
      const found = ifAnswered(this.api, 'Executable_GetCostAnalysis', { executable });
      return found && numbersIn(found.get('properties'), Number(found.get('num_properties')));
    });
  }

  /** The program after XLA's rewriting, for looking at: text (HLO) or bytes (a protocol buffer), as the plugin has it. */
  optimised(): { format: string; content: Buffer } {
    return this.examine(executable => {
      const program = new Struct(PARTS.Program, {});
      const ask = (): void => {
        this.api.call('Executable_OptimizedProgram', { executable, program: program.address }, [program]);
      };
      ask(); // the size
      const content = memory(Number(program.get('code_size')));
      program.set('code', addressOf(content));
      ask();
      const format = bytesAt(program.get('format'), Number(program.get('format_size'))).toString();
      return { format, content: Buffer.from(content.buffer, 0, Number(program.get('code_size'))) };
    });
  }

  /** Frees the program, as soon as no call of it is under way. A second call does nothing. */
  dispose(): void {
    if (this.disposed) return;
    this.disposed = true;
    this.destroyUnused();
  }

  private destroyUnused(): void {
    if (this.running > 0) return;
    alive.programs--;
    this.api.call('LoadedExecutable_Destroy', { executable: this.loaded });
  }
}

/** What a plugin answers; undefined where it lacks the function, or has it and says that it is not implemented. */
const ifAnswered = <N extends FunctionName>(api: Api, name: N, values: Values<N>): Arguments<N> | undefined => {
  if (!api.has(name)) return undefined;
  try {
    return api.call(name, values);
  } catch (error) {
    if (error instanceof PjrtError && error.code === UNIMPLEMENTED) return undefined;
    throw error;
  }
};

const memoryOf = (api: Api, executable: Address): ProgramMemory | undefined => {
  const stats = ifAnswered(api, 'Executable_GetCompiledMemoryStats', { executable });
  if (!stats) return undefined;
  const of = (field: keyof (typeof STRUCTS.Executable_GetCompiledMemoryStats)['fields']): number =>
    Number(stats.get(field));
  const parts = {
    arguments: of('argument_size_in_bytes'),
    results: of('output_size_in_bytes'),
    aliased: of('alias_size_in_bytes'),
    temporary: of('temp_size_in_bytes'),
    code: of('generated_code_size_in_bytes'),
  };
  return { ...parts, total: parts.arguments + parts.results - parts.aliased + parts.temporary + parts.code };
};

/** The numbers of a list of named values, by name. */
const numbersIn = (list: Address, count: number): Record<string, number> => {
  const { fields, size } = PARTS.NamedValue;
  const found: Record<string, number> = {};
  for (let i = 0; i < count; i++) {
    const at = list + BigInt(i * size);
    const word = (field: keyof typeof fields): bigint => wordAt(at + BigInt(fields[field].offset));
    const name = bytesAt(word('name'), Number(word('name_size'))).toString();
    const type = Number(BigInt.asIntN(32, word('type')));
    if (type === 3) found[name] = floatAt(at + BigInt(fields.value.offset));
    if (type === 1) found[name] = Number(BigInt.asIntN(64, word('value')));
  }
  return found;
};
