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
export { ablation, type AblationOptions, type AblationPoint, ablationRows } from './ablation';
export {
  CIFAR10_RUN,
  type Cifar10Callbacks,
  type Cifar10Input,
  type Cifar10Point,
  type Cifar10Results,
  type Cifar10Run,
  cifar10Sampler,
  cifar10Small,
  runCifar10,
} from './cifar10-run';
export { type ClassPoint, classStudy, type ClassStudyOptions } from './conditional';
export { cacheFolder, figureFolder, type FigureMaking, keepFigure } from './figure-folder';
export { type GeneratorConfig, keptGenerator, trainedGenerator, type TrainedGenerator } from './generators';
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
export { type AddMadeBy, configHash, sweep, type SweepEntry, unfinishedFolder } from './sweep';
export { compareTrained, type TrainedOptions } from './trained-comparison';
export { type CurveConfig, type CurvePoint, trainingCurve } from './training-curve';
export * as theory from './theory';
export type { OnProgress, StudyWatch } from './watch';
