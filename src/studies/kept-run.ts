import { CheckpointError, expectChecksums, lockFolder, newestFolder, setAside } from '../checkpoints';
import type { Dataset } from '../datasets';
import { Run } from '../training';

/**
 * The newest run in a folder that can be believed: a checkpoint that is damaged is set aside with a warning, and the one
 * before it taken, from which training gives the same bits again.
 * @returns nothing where no checkpoint is left
 * @throws CheckpointError 'locked' while another process trains there; what `Run.load` throws but for damage
 */
export const loadKeptRun = async (dir: string, dataset: Dataset): Promise<Run | undefined> => {
  for (;;) {
    const newest = await newestFolder(dir);
    if (newest === undefined) return undefined;
    await (await lockFolder(dir)).release(); // nothing is set aside under another process
    try {
      await expectChecksums(newest);
      return await Run.load(dir, { dataset });
    } catch (error) {
      if (!(error instanceof CheckpointError) || error.code === 'locked') throw error;
      await setAside(newest, `it cannot be loaded (${error.message})`);
    }
  }
};
