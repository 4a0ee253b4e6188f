/* Which times a task's generators are sampled at. */
import { SAMPLING_TIMES, type SamplingTimes } from '../diffusion';
import { type DistillMethod, type Method, methodFromConfig } from '../methods';
import type { Task } from '../tasks';

/** By number of steps: a method's own times, else the task's, else the published ones. */
export const timesOnTask = ({ times }: Pick<Task, 'times'>, { times: own }: Pick<Method, 'times'>): SamplingTimes => ({
  ...SAMPLING_TIMES,
  ...times,
  ...own,
});

/** A method as it is trained on a task. @throws as `methodFromConfig` */
export const methodOnTask = ({ teacher, start }: Pick<Task, 'teacher' | 'start'>, config: DistillMethod): Method =>
  methodFromConfig(config, { theta: teacher.denoiser, phi: start.denoiser });
