/* What training and sampling ask of an accelerator, whoever drives it. */
import type { Shape } from '../host-arrays';
import type { HloModule } from './hlo';

/** Arrays on the host that can go to a device. */
export type HostData = Float32Array | Int32Array | Uint32Array | Uint8Array;

/** An array in the memory of one device. */
export type DeviceArray = {
  /** Copies it to the host; `into` is filled, and returned, when it is there. */
  read: <T extends HostData>(into: T) => Promise<T>;
  /** The same in this thread, which waits. */
  readSync: <T extends HostData>(into: T) => T;
  /** Frees it when the calls that use it have ended. After a call that it was donated to this does nothing. */
  dispose: () => void;
};

/** Bytes that a program needs on a device. */
type ProgramMemory = { arguments: number; temporary: number; results: number; aliased: number };

/** What a device says about its memory, in bytes; 0 where it does not say. */
export type DeviceMemory = {
  /** held by arrays now */
  inUse: number;
  /** the most that was held at once */
  peak: number;
  /** what may be taken */
  limit: number;
};

/** A compiled module. */
export type DeviceProgram = {
  /**
   * Starts one call: arguments by device, then in the module's order. Results are there for further calls when the promise
   * resolves, which can be before they are computed. Calls are computed in the order in which they were started.
   */
  run: (inputs: readonly (readonly DeviceArray[])[]) => Promise<DeviceArray[][]>;
  /** What it needs, where the device tells. */
  readonly memory?: ProgramMemory;
  /**
   * Looks whether a call finds room beside what is on the device, `resident` bytes of its arguments among it.
   * @throws DeviceError with what it needs and what there is
   */
  requireRoom?: (resident: number) => void;
  dispose: () => void;
};

/** One or more accelerators of one kind. */
export type Device = {
  readonly name: string; // as its maker calls it: 'NVIDIA H100 80GB HBM3'
  readonly count: number; // devices that can be used together
  readonly accelerates: boolean; // false: a processor behind the same interface, for tests
  /** Bytes that arrays on one device may take in all; undefined where nobody knows. */
  readonly limit?: number;
  /** What device `index` says about its memory now; absent where it cannot be asked. */
  memory?: (index?: number) => DeviceMemory;
  compile: (module: HloModule) => Promise<DeviceProgram>;
  /** Copies an array to device `index`; `data` must not change before the promise settles. */
  upload: (data: HostData, shape: Shape, index?: number) => Promise<DeviceArray>;
};
