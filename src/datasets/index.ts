export type { DataBatch, Dataset, Split } from './dataset';
export { trainingIndices } from './training-indices';
export type { TrainingIndicesOptions } from './training-indices';
export { points, pointsNames } from './points';
export type { MixtureName, PointsName, PointsOptions } from './points';
export { mixtures } from './mixtures';
export { digits } from './digits';
export type { DigitsOptions } from './digits';
