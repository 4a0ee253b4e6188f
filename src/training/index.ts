export * from './adam';
export * from './ema';
export * from './step';
