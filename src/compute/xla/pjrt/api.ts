/* A loaded plugin: its functions called with koffi, their errors as exceptions. */
import type { LibraryHandle, TypeObject } from 'koffi';
import { type Layout, STRUCTS } from './argument-structs';
import { type DeviceError, named, PjrtError, PluginError } from './device-error';
import { type FunctionName, FUNCTIONS, TABLE_OFFSET, VERSION_OFFSET } from './functions';
import { koffi } from './koffi';
import { type Address, bytesAt, type Fields, intAt, Struct, wordAt } from './native-memory';
import { inPool } from './pool';

type Native = {
  (args: Address): unknown;
  async: (args: Address, done: (error: Error | null, result: unknown) => void) => void;
};

/** The argument structure of a function. */
export type Arguments<N extends FunctionName> = Struct<(typeof STRUCTS)[N]>;

/** Values for the argument structure of a function. */
export type Values<N extends FunctionName> = Fields<(typeof STRUCTS)[N]>;

const RTLD_NOW_NODELETE = 0x1002;

/**
 * koffi unloads a library when its object is collected and when Node exits: both pull the code from under the plugin's
 * threads. Opened once more with NODELETE it stays until the process is gone.
 */
const pin = (path: string): void => {
  const dlopen = koffi().load(null).func('void *dlopen(const char *path, int flags)') as (
    path: string,
    flags: number,
  ) => unknown;
  if (!dlopen(path, RTLD_NOW_NODELETE)) throw new PluginError(`${path} cannot be kept open`);
};

const open = (path: string): LibraryHandle => {
  try {
    const library = koffi().load(path, { global: false, lazy: true });
    pin(path);
    return library;
  } catch (error) {
    throw new PluginError(`the plugin ${path} cannot be loaded: ${(error as Error).message}`, { cause: error });
  }
};

/** A call in a thread of the pool. */
const inThread = (native: Native, args: Address): Promise<unknown> =>
  inPool(
    () =>
      new Promise((resolve, reject) => {
        native.async(args, (error, result) => {
          if (error) reject(error);
          else resolve(result);
        });
      }),
  );

/** The functions of one plugin. */
export class Api {
  /** Major and minor version of the interface that the plugin was built with. */
  readonly version: readonly [number, number];
  private readonly call1: TypeObject; // PJRT_Error *f(Args *)
  private readonly functions = new Map<FunctionName, Native>();
  private readonly table: Address;
  private readonly size: number;
  private readonly destruction: Arguments<'Buffer_Destroy'>;
  private readonly library: LibraryHandle;

  /** @throws PluginError where the file is no plugin that this client can use */
  constructor(readonly path: string) {
    this.call1 = koffi().proto('void *', ['void *']);
    this.library = open(path);
    let get: () => unknown;
    try {
      get = this.library.func('void *GetPjrtApi()') as () => unknown;
    } catch (error) {
      throw new PluginError(`${path} is no PJRT plugin: it has no GetPjrtApi`, { cause: error });
    }
    this.table = BigInt(get() as bigint);
    this.size = Number(wordAt(this.table));
    const at = this.table + BigInt(VERSION_OFFSET);
    this.version = [intAt(at), intAt(at + 4n)];
    if (this.version[0] !== 0)
      throw new PluginError(`${path} speaks PJRT ${this.version.join('.')}; this client speaks 0.x`);
    this.destruction = new Struct(STRUCTS.Buffer_Destroy, {});
  }

  /** Whether the plugin has a function; older ones lack the later ones. */
  has(name: FunctionName): boolean {
    const offset = TABLE_OFFSET + 8 * FUNCTIONS[name];
    return offset + 8 <= this.size && wordAt(this.table + BigInt(offset)) !== 0n;
  }

  /** Where the extension of this number lies; undefined where the plugin has none such. */
  extension(number: number): Address | undefined {
    let at = wordAt(this.table + 8n);
    while (at !== 0n && intAt(at + 8n) !== number) at = wordAt(at + 16n); // behind the number, the next extension
    return at === 0n ? undefined : at;
  }

  private function(name: FunctionName): Native {
    let found = this.functions.get(name);
    if (found) return found;
    if (!this.has(name)) throw new PluginError(`${this.path} (PJRT ${this.version.join('.')}) lacks ${name}`);
    const pointer = wordAt(this.table + BigInt(TABLE_OFFSET + 8 * FUNCTIONS[name]));
    found = koffi().decode(pointer, this.call1) as Native;
    this.functions.set(name, found);
    return found;
  }

  /** The error that a call returned, if any; the plugin's own is freed. */
  private failure(returned: unknown, call: FunctionName): DeviceError | undefined {
    if (returned === null || returned === undefined || BigInt(returned as bigint) === 0n) return undefined;
    const error = BigInt(returned as bigint);
    const said = new Struct(STRUCTS.Error_Message, { error });
    this.function('Error_Message')(said.address);
    const code = new Struct(STRUCTS.Error_GetCode, { error });
    this.function('Error_GetCode')(code.address);
    const text = bytesAt(said.get('message'), Number(said.get('message_size'))).toString();
    this.function('Error_Destroy')(new Struct(STRUCTS.Error_Destroy, { error }).address);
    return named(new PjrtError(text, Number(code.get('code')), call));
  }

  private prepared<N extends FunctionName>(name: N, values: Values<N>, kept: readonly unknown[]): Arguments<N> {
    return new Struct<Layout>(STRUCTS[name], values, kept) as unknown as Arguments<N>;
  }

  /** A call in this thread: for what returns at once. @throws DeviceError what the plugin answered */
  call<N extends FunctionName>(name: N, values: Values<N>, kept: readonly unknown[] = []): Arguments<N> {
    const args = this.prepared(name, values, kept);
    const failed = this.failure(this.function(name)(args.address), name);
    if (failed) throw failed;
    return args;
  }

  /** A call in a thread of the pool: the event loop goes on. @throws DeviceError what the plugin answered */
  async callAsync<N extends FunctionName>(
    name: N,
    values: Values<N>,
    kept: readonly unknown[] = [],
  ): Promise<Arguments<N>> {
    const args = this.prepared(name, values, kept);
    const failed = this.failure(await inThread(this.function(name), args.address), name);
    if (failed) throw failed;
    return args; // and with it all that the call pointed to lived until here
  }

  /** Waits for an event in a thread of the pool, then frees it. */
  async settled(event: Address): Promise<void> {
    if (event === 0n) return;
    try {
      await this.callAsync('Event_Await', { event });
    } finally {
      this.call('Event_Destroy', { event });
    }
  }

  /** The same in this thread, which stands still meanwhile. */
  settledSync(event: Address): void {
    if (event === 0n) return;
    try {
      this.call('Event_Await', { event });
    } finally {
      this.call('Event_Destroy', { event });
    }
  }

  /** Frees a device buffer; its own way because thousands are freed a step. */
  destroyBuffer(buffer: Address): void {
    this.destruction.set('buffer', buffer);
    const failed = this.failure(this.function('Buffer_Destroy')(this.destruction.address), 'Buffer_Destroy');
    if (failed) throw failed;
  }

  /** Calls a function of an extension in a thread of the pool; returns the address of its own error, 0 for none. */
  async callAt(address: Address, args: Address): Promise<Address> {
    const returned = await inThread(koffi().decode(address, this.call1) as Native, args);
    return BigInt((returned ?? 0) as bigint);
  }

  /** Calls a function that the plugin gave for freeing something of its own. */
  release(deleter: Address, what: Address): void {
    (koffi().decode(deleter, this.call1) as Native)(what);
  }
}

const apis = new Map<string, Api>();

/**
 * The functions of the plugin at `path`, loaded and initialised once in a process.
 * @throws PluginError where it cannot be loaded or is no plugin
 */
export const pluginAt = (path: string): Api => {
  let api = apis.get(path);
  if (!api) {
    api = new Api(path);
    if (api.has('Plugin_Initialize')) api.call('Plugin_Initialize', {});
    apis.set(path, api);
  }
  return api;
};
