export * from './gaussian-mixture';
export * from './process';
export * from './schedule';
export * from './time-pairs';
