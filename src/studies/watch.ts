import type { MadeBy } from '../provenance';
import type { JobState } from '../queue';

/**
 * Told how far a study is: `done` of `total`, in images or parts. `found`: what made the step just done, where it was
 * kept from before and not computed now.
 */
export type OnProgress = (done: number, total: number, label: string, found?: readonly MadeBy[]) => void;

/** Progress and interruption of a study: what `withProgress` gives in a notebook. */
export type StudyWatch = {
  onProgress?: OnProgress;
  /** Aborted, a study ends with what it has, marked `interrupted`. */
  signal?: AbortSignal;
  /**
   * A Redis server, 'redis://...': configurations become jobs there, which workers take (`cosim worker`); default what
   * COSIM_QUEUE names, else they are computed here.
   */
  queue?: string;
  /** Told of all jobs of the queue that are waited for, whenever one of them changes. */
  onJobs?: (jobs: readonly JobState[]) => void;
};
