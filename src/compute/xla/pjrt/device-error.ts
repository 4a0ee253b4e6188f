/* What can go wrong between this process and a device, each with what to do about it. */

/** An error of the XLA engine; its subclasses say which. */
export class DeviceError extends Error {
  override name = 'DeviceError';
}

/** koffi, through which C is called, is absent or does not load. */
export class ForeignCallsError extends DeviceError {
  override name = 'ForeignCallsError';
  constructor(reason: string) {
    super(`the XLA engine cannot call its plugin: ${reason}`);
  }
}

/** No PJRT plugin was found, or the one found cannot be loaded. */
export class PluginError extends DeviceError {
  override name = 'PluginError';
}

/** What `cosim engine install` needs is absent, or failed. */
export class InstallError extends DeviceError {
  override name = 'InstallError';
}

/** The plugin works but finds no device. */
export class NoDeviceError extends DeviceError {
  override name = 'NoDeviceError';
}

/** The driver is older than the plugin's CUDA needs. */
export class DriverError extends DeviceError {
  override name = 'DriverError';
}

/** What the plugin answered to one call, in its own words. */
export class PjrtError extends DeviceError {
  override name = 'PjrtError';
  /**
   * @param text the plugin's words
   * @param code the status code: 3 invalid argument, 5 not found, 8 resources exhausted, 9 failed precondition, ...
   * @param call the function of the interface that failed
   */
  constructor(
    readonly text: string,
    readonly code: number,
    readonly call: string,
  ) {
    super(`${call}: ${text}`);
  }
}

/** The device cannot go on: after an illegal access, a fallen link or a reset, every later call fails too. */
export class DeviceLostError extends DeviceError {
  override name = 'DeviceLostError';
  constructor(cause: PjrtError) {
    super(
      `the device stopped answering (${cause.message.slice(0, 400)}). Nothing on it can be saved: end this process and ` +
        `go on from the last checkpoint; if it happens again, look at the device (nvidia-smi, dmesg)`,
      { cause },
    );
  }
}

/** Bytes in words, e.g. `1.5 GiB`. */
export const bytesInWords = (bytes: number): string => {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  const power = Math.max(0, Math.min(units.length - 1, Math.floor(Math.log2(Math.max(bytes, 1)) / 10)));
  const value = bytes / 1024 ** power;
  return `${value.toFixed(power === 0 || value >= 100 ? 0 : 1)} ${units[power]}`;
};

/** More parts than this say that others hold the memory, not this batch. */
const MOST_PARTS = 256;

/** The smallest power of two into which `needed` bytes must be split to fit into `free` ones; undefined beyond sense. */
const partsThatFit = (needed: number, free: number): number | undefined => {
  for (let parts = 2; parts <= MOST_PARTS; parts *= 2) if (needed / parts <= free) return parts;
  return undefined;
};

/** The device's memory does not hold what is asked of it. Sizes in bytes; 0 where the plugin does not say. */
export class OutOfDeviceMemoryError extends DeviceError {
  override name = 'OutOfDeviceMemoryError';
  /**
   * How many times smaller a round should fit, a power of two, if what is needed grows with its samples, as intermediate
   * values do; undefined where the plugin does not say enough, or none would.
   */
  readonly parts: number | undefined;
  /** @param needed beside what is in use */
  constructor(
    what: string,
    readonly needed: number,
    readonly inUse: number,
    readonly limit: number,
    cause?: Error,
  ) {
    const asked = needed > 0 ? ` needs ${bytesInWords(needed)}` : ' needs more memory than there is';
    const free = Math.max(0, limit - inUse);
    const there = limit > 0 ? `: ${bytesInWords(free)} of the device's ${bytesInWords(limit)} are free` : '';
    const parts = needed > 0 && limit > 0 ? partsThatFit(needed, free) : undefined;
    const advice =
      parts === undefined
        ? 'Take a smaller batch, or split it into more accumulation rounds (the same update in smaller parts)'
        : `About ${parts} times as many accumulation rounds (the same update in smaller parts) should fit, or a batch ` +
          `${parts} times smaller`;
    super(`${what}${asked}${there}. ${advice}; or use bf16`, { cause });
    this.parts = parts;
  }
}

const LOST =
  /CUDA_ERROR_(?!OUT_OF_MEMORY|NO_DEVICE|INSUFFICIENT_DRIVER|COMPAT)\w+|illegal (memory access|address)|uncorrectable ECC|device (was|is) lost|fallen off the bus/i;
const NO_DEVICE = /no (visible )?(gpu|cuda|tpu|supported)?\s*devices?|CUDA_ERROR_NO_DEVICE|no gpu/i;
const OLD_DRIVER =
  /driver version is insufficient|CUDA_ERROR_(INSUFFICIENT_DRIVER|COMPAT\w*|SYSTEM_DRIVER_MISMATCH)|unsupported toolchain/i;

/** Status code RESOURCE_EXHAUSTED. */
export const EXHAUSTED = 8;

/** Status code UNIMPLEMENTED. */
export const UNIMPLEMENTED = 12;

/** The named error behind a plugin's answer; the answer itself where it has no other name. */
export const named = (error: PjrtError): DeviceError => {
  const cause = { cause: error };
  if (OLD_DRIVER.test(error.text))
    return new DriverError(
      `the driver is too old for this plugin (${error.text}): update it, or install an older plugin`,
      cause,
    );
  if (error.call === 'Client_Create' && NO_DEVICE.test(error.text))
    return new NoDeviceError(
      `the plugin finds no device (${error.text}): is a card there (nvidia-smi), and visible here?`,
      cause,
    );
  if (error.code !== EXHAUSTED && LOST.test(error.text)) return new DeviceLostError(error);
  return error;
};
