export * from './backend';
export * from './check';
export * from './noise';
export * from './tensors';
