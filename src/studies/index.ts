export { ablate, type AblateOptions, type AblatePoint, type AblateResult, type AblateWhere } from './ablate';
export type {
  AblatedMethodOption,
  AblatedMethodOptions,
  AblatedMethodValue,
  AblatedRunOptions,
  AblatedValue,
  Cell as AblatedCell,
  Fixed as AblateFixed,
  Varied,
} from './ablated-setting';
export {
  ablation,
  type AblationOptions,
  type AblationPoint,
  type AblationResult,
  ablationRows,
  type AblationSamples,
} from './ablation';
export { triedScales } from './landscape';
export { type ClassPoint, classStudy, type ClassStudyOptions } from './conditional';
export { cacheFolder, figureFolder, type FigureMaking, keepFigure } from './figure-folder';
export { type GeneratorConfig, trainedGenerator, type TrainedGenerator } from './generators';
export { guidanceCurve, type GuidanceOptions, type GuidancePoint } from './guidance-study';
export {
  compareMethods,
  type CostOptions,
  finalPoints,
  type IterationCost,
  iterationCosts,
  type MethodPoint,
  methodRows,
  type MethodsOptions,
  teacherPoints,
} from './methods-comparison';
export {
  armTraining,
  LONG_STUDIES,
  type LongStudy,
  type LongStudyName,
  studyFolder,
  teacherTraining,
  type TeacherTraining,
} from './long-study';
export { type MeasuredNetwork, measureMilestones, studySampler, type StudyPoint } from './long-study-points';
export { measureOneCall, type OneCallPoint } from './one-call';
export { searchMilestone, type SearchedPoint } from './searched-milestones';
export { type Milestone, milestonesIn, type MilestoneTraining, trainMilestones } from './milestones';
export {
  distancesOfDistortions,
  distortedExamples,
  type Distortion,
  type DistortionOptions,
  type DistortionPoint,
  DISTORTIONS,
  type FloorPoint,
  floorsAgainstN,
  metricStudy,
  type MetricStudy,
  type StudyOptions,
} from './metric-study';
export { type PostHocOptions, type PostHocPoint, postHocStudy } from './post-hoc-study';
export { type GridPoint, type SamplingTimesOptions, samplingTimesStudy, type TimesStudy } from './sampling-times';
export { qualityChart, type QualityOptions, qualityRows, qualitySubtitle } from './quality';
export { makingOf, runOf, type RunValues, taskOf, type TaskValues } from './setting';
export { compareSizes, sizeConfig, type SizePoint, type SizesOptions } from './sizes-comparison';
export { compareSteps, type ComparisonPoint, type Contender, generatorAt, teacherAt } from './steps-comparison';
export type { AddMadeBy } from './evaluation';
export { configHash, sweep, type SweepEntry, type SweepOptions, unfinishedFolder } from './sweep';
export { compareTrained, type TrainedOptions } from './trained-comparison';
export { type CurveConfig, type CurvePoint, trainingCurve } from './training-curve';
export * as theory from './theory';
export { jobPerformer } from './perform-job';
export type { OnProgress, StudyWatch } from './watch';
