/*
 * The table of functions that a PJRT plugin hands out (struct PJRT_Api, 64 bit): what stands where. Functions are only
 * ever appended to it, so that positions hold for later plugins.
 */

/** Position of each function in the table, counted from 0. */
export const FUNCTIONS = {
  Error_Destroy: 0, Error_Message: 1, Error_GetCode: 2, Plugin_Initialize: 3, Event_Destroy: 5, Event_Await: 8,
  Client_Create: 10, Client_Destroy: 11, Client_PlatformName: 12, Client_PlatformVersion: 14,
  Client_AddressableDevices: 16, Client_Compile: 20, Client_BufferFromHostBuffer: 22, DeviceDescription_Kind: 26,
  Device_GetDescription: 29, Device_MemoryStats: 34, Executable_Destroy: 40, Executable_NumOutputs: 44,
  Executable_GetCostAnalysis: 46, Executable_OptimizedProgram: 48, Executable_Serialize: 49,
  LoadedExecutable_Destroy: 50, LoadedExecutable_GetExecutable: 51, LoadedExecutable_Execute: 55,
  Executable_DeserializeAndLoad: 56, Buffer_Destroy: 58, Buffer_OnDeviceSizeInBytes: 64, Buffer_ToHostBuffer: 70,
  Buffer_ReadyEvent: 72, Executable_GetCompiledMemoryStats: 96,
} as const; // prettier-ignore

/** The name of a function of the table, without its `PJRT_`. */
export type FunctionName = keyof typeof FUNCTIONS;

/** Byte offset of the version's two integers: behind the sizes and extensions of the table and of the version. */
export const VERSION_OFFSET = 16 + 16;

/** Byte offset of the first function. */
export const TABLE_OFFSET = 16 + 24;
