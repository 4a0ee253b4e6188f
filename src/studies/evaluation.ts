import type { MadeBy } from '../provenance';
import type { Task } from '../tasks';

/** Adds what made the parts of a result that were computed earlier: generators, the beginning of a training. */
export type AddMadeBy = (made: readonly MadeBy[]) => void;

/** Where an evaluation keeps what it has so far, and how it is watched and stopped. */
export type EvaluationContext = {
  /** Of results, and of what is unfinished. */
  folder: string;
  /** Of trained generators, which several studies may share. */
  generators: string;
  addMadeBy: AddMadeBy;
  /** How much of the configuration is done, in images or parts, and at what it is. */
  onDone: (done: number, what?: string) => void;
  /** Aborted, it keeps what it has and returns undefined, or throws. */
  signal?: AbortSignal;
};

/**
 * What computes one configuration of a study on a task: here, or on another machine, which finds it by its name. Its
 * result depends on the task and the configuration alone, and both are plain JSON.
 */
export type Evaluation<C extends object, R> = {
  readonly name: string;
  /** `__filename` of the module that computes. */
  readonly code: string;
  readonly evaluate: (task: Task, config: C, context: EvaluationContext) => Promise<R | undefined>;
};
