export { Client, type ProgramOptions } from './client';
export type { ClientOptions } from './client-options';
export type { CompileOptions } from './compile-options';
export { alive, DeviceBuffer, type DeviceType, type HostData } from './device-buffer';
export * from './device-error';
export { koffiProblem } from './koffi';
export { type DeviceMemory, Program, type ProgramMemory } from './program';
