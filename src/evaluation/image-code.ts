/* The code that measured images come from: how they are read or drawn, and what is seen in them. Its hash is kept with features. */
export * from '../datasets';
export * from '../features';
export * from '../metrics';
export * from '../samplers';
export * from './evaluate';
