import type { Device } from './device';
import { deviceProblem, openXlaDevice } from './pjrt';

let opening: Promise<Device> | undefined;

/**
 * The accelerator of this process, opened on first use, which takes seconds; all runs and samplers share it.
 * @throws DeviceError saying what is missing and what to do
 */
export const sharedDevice = (): Promise<Device> =>
  (opening ??= openXlaDevice().catch((error: unknown) => {
    opening = undefined; // what was missing may be there the next time
    throw error;
  }));

/** Puts a device in the place of the one that would be found; undefined: looks again. */
export const useDevice = (device: Device | undefined): void => {
  opening = device && Promise.resolve(device);
};

/** Why there is no accelerator to be used, without opening one; undefined where there may be one. */
export const acceleratorProblem = (): Promise<string | undefined> =>
  opening ? Promise.resolve(undefined) : deviceProblem();
