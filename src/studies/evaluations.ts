/* What workers can compute, by name. */
import { ablated } from './ablate';
import { ablationCurve } from './ablation';
import type { Evaluation } from './evaluation';
import { guidedTeacher } from './guidance-study';
import { methodCurve, teacherMeasurement } from './methods-comparison';
import { postHocAverages } from './post-hoc-study';
import { searchedTimes } from './sampling-times';
import { teacherSteps, trainedSteps } from './trained-comparison';

const ALL = [
  ablated,
  ablationCurve,
  guidedTeacher,
  methodCurve,
  postHocAverages,
  searchedTimes,
  teacherMeasurement,
  teacherSteps,
  trainedSteps,
] as const;

/** The evaluation of a name; undefined for a name that this package does not know. */
export const evaluationNamed = (name: string): Evaluation<object, unknown> | undefined =>
  ALL.find(evaluation => evaluation.name === name) as Evaluation<object, unknown> | undefined;
