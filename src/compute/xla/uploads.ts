/* Several uploads at once, of which one can fail for want of memory: nothing of the others is lost. */
import type { DeviceArray } from './device';

/** As Promise.all, but when it throws, nothing of it is under way any more. */
export const allEnded = async <T>(promises: readonly Promise<T>[]): Promise<T[]> => {
  await Promise.allSettled(promises);
  return Promise.all(promises);
};

/** Arrays that are all there, or none: where one fails, the others are freed before its error is thrown. */
export const allUploaded = async (uploads: readonly Promise<DeviceArray>[]): Promise<DeviceArray[]> => {
  try {
    return await allEnded(uploads);
  } catch (error) {
    for (const upload of await Promise.allSettled(uploads)) if (upload.status === 'fulfilled') upload.value.dispose();
    throw error;
  }
};
