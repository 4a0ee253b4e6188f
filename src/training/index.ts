export * from './adam';
export * from './distil';
export * from './ema';
export { TrainingError } from './iteration';
export * from './methods';
export * from './options';
export * from './run';
export * from './step';
