/* koffi, which calls C from JavaScript: optional and guarded, as every native package here. */
import type * as Koffi from 'koffi';
import { ForeignCallsError } from './device-error';

/** koffi's module. */
export type KoffiModule = typeof Koffi;

/**
 * Compilers recurse deeply. koffi runs calls on stacks of its own, 128 KiB in its pool by default: XLA overflows them and
 * the process dies without a word. 16 MiB is the most that koffi gives.
 */
const STACKS = {
  sync_stack_size: 2 ** 24,
  async_stack_size: 2 ** 24,
  resident_async_pools: 8, // stacks kept for reuse: making 16 MiB anew for every call costs more than most calls
  max_async_calls: 64,
};

let loaded: { koffi: KoffiModule } | { reason: string } | undefined;

const load = (): { koffi: KoffiModule } | { reason: string } => {
  if (process.platform !== 'linux')
    return { reason: `PJRT plugins are used on Linux only, this is ${process.platform}` };
  try {
    // eslint-disable-next-line @typescript-eslint/no-require-imports -- optional and synchronous: absence is normal
    const koffi = require('koffi') as KoffiModule;
    koffi.config({ ...koffi.config(), ...STACKS });
    return { koffi };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const absent = code === 'MODULE_NOT_FOUND';
    return { reason: absent ? 'koffi is not installed (optional; npm install koffi)' : message.split('\n')[0] };
  }
};

/** Why C cannot be called here; undefined where it can. */
export const koffiProblem = (): string | undefined => {
  loaded ??= load();
  return 'reason' in loaded ? loaded.reason : undefined;
};

/** @throws ForeignCallsError with the reason when koffi is absent or does not load. */
export const koffi = (): KoffiModule => {
  loaded ??= load();
  if ('reason' in loaded) throw new ForeignCallsError(loaded.reason);
  return loaded.koffi;
};
