/*
 * The profiler that a plugin may have: an extension of its table, with functions, structures and errors of its own. Its
 * structures open with their size alone, and all their fields are words.
 */
import type { Api } from './api';
import { PluginError } from './device-error';
import { type Address, addressOf, bytesAt, integers, memory, wordAt } from './native-memory';

/** Its number among PJRT's extensions. */
const PROFILER = 1;

/** Where the extension has the address of the functions, in bytes: behind its size, its number and the next extension. */
const FUNCTIONS_AT = 24;

/** Position of each function in their table, in words; the first two are its size and the plugin's own. */
const FUNCTIONS = {
  errorDestroy: 2,
  errorMessage: 3,
  create: 5,
  destroy: 6,
  start: 7,
  stop: 8,
  collectData: 9,
} as const;

/** What is recorded (ProfileOptions): field 3, devices, at level 1; field 5, the version of these options, 1. */
const OPTIONS = Uint8Array.from([0x18, 1, 0x28, 1]);

/** A structure: its own size in bytes, then these words; what the function answers stands in them. */
const structure = (...words: (number | bigint)[]): DataView => integers([8 * (words.length + 1), ...words]);

const wordOf = (structureOf: DataView, position: number): Address => structureOf.getBigUint64(8 * position, true);

/** The profiler's functions, their errors as exceptions. */
class Profiler {
  private readonly table: Address;

  constructor(private readonly api: Api) {
    const extension = api.extension(PROFILER);
    this.table = extension === undefined ? 0n : wordAt(extension + BigInt(FUNCTIONS_AT));
    if (this.table === 0n) throw new PluginError(`${api.path} has no profiler`);
  }

  /** @returns the address of an error, 0 for none; and the structure, which so lives until here, with the answer in it */
  private async invoke(name: keyof typeof FUNCTIONS, args: DataView): Promise<[Address, DataView]> {
    const f = wordAt(this.table + BigInt(8 * FUNCTIONS[name]));
    return [await this.api.callAt(f, addressOf(args)), args];
  }

  /** @returns the structure with the answer in it. @throws PluginError with the profiler's words */
  async call(name: 'create' | 'destroy' | 'start' | 'stop' | 'collectData', args: DataView): Promise<DataView> {
    const [error, answer] = await this.invoke(name, args);
    if (error === 0n) return answer;
    const [, said] = await this.invoke('errorMessage', structure(0, error, 0, 0));
    const text = bytesAt(wordOf(said, 3), Number(wordOf(said, 4))).toString();
    await this.invoke('errorDestroy', structure(0, error));
    throw new PluginError(`the profiler of ${this.api.path} failed (${name}): ${text}`);
  }
}

/**
 * What the plugin's devices do while `work` runs, as its profiler tells it (XSpace, serialised): `kernelTimes` reads it.
 * What was begun before and ends meanwhile is in it as well. Recording makes the work slower.
 * @throws PluginError where the plugin has no profiler, or its profiler fails
 */
export const recorded = async (api: Api, work: () => Promise<void>): Promise<Buffer> => {
  const profiler = new Profiler(api);
  const handle = wordOf(await profiler.call('create', structure(addressOf(OPTIONS), OPTIONS.length, 0)), 3);
  try {
    await profiler.call('start', structure(handle));
    try {
      await work();
    } finally {
      await profiler.call('stop', structure(handle));
    }
    const size = Number(wordOf(await profiler.call('collectData', structure(handle, 0, 0)), 3));
    const content = memory(size);
    if (size > 0) await profiler.call('collectData', structure(handle, addressOf(content), size));
    return Buffer.from(content.buffer, 0, size);
  } finally {
    await profiler.call('destroy', structure(handle));
  }
};
