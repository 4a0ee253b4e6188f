export * from './backend';
export * from './check';
export * from './noise';
