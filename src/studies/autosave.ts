import type { Run } from '../training';

const SECONDS = 600;

/**
 * An `onReport` that saves a run when ten minutes have passed since it was last saved: what a crash can cost.
 * @param onSave called after each saving, with the run's folder
 */
export const autosave = (
  run: Run,
  dir: string | undefined,
  { seconds = SECONDS, onSave }: { seconds?: number; onSave?: () => Promise<void> } = {},
): (() => Promise<void>) => {
  let last = performance.now();
  return async () => {
    if (dir === undefined || performance.now() - last < 1000 * seconds) return;
    await run.save(dir);
    await onSave?.();
    last = performance.now();
  };
};
