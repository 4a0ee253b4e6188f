/*
 * The argument structures of the PJRT interface (64 bit), written as their fields in order. Fields are only ever appended;
 * a plugin that knows fewer ignores the rest, one that knows more reads zeros from the spare room behind (SPARE).
 */
import type { FunctionName } from './functions';

type Kind = 'pointer' | 'size' | 'i64' | 'i32' | 'bool' | 'f32';
const SIZES: Record<Kind, number> = { pointer: 8, size: 8, i64: 8, i32: 4, bool: 1, f32: 4 };

/** Where the fields of one structure lie: `size` and `offset` in bytes. */
export type Layout<F extends string = string> = { size: number; fields: Record<F, { offset: number; kind: Kind }> };

/** Lays fields out as C does, behind the two that open every structure: its size and its extensions. */
const struct = <T extends Record<string, Kind>>(fields: T): Layout<keyof T & string> => {
  let at = 16;
  const offsets: Record<string, { offset: number; kind: Kind }> = {};
  for (const [name, kind] of Object.entries(fields)) {
    at = Math.ceil(at / SIZES[kind]) * SIZES[kind];
    offsets[name] = { offset: at, kind };
    at += SIZES[kind];
  }
  return { size: at, fields: offsets };
};

/** The argument of each function. */
export const STRUCTS = {
  Error_Destroy: struct({ error: 'pointer' }),
  Error_Message: struct({ error: 'pointer', message: 'pointer', message_size: 'size' }),
  Error_GetCode: struct({ error: 'pointer', code: 'i32' }),
  Plugin_Initialize: struct({}),
  Event_Destroy: struct({ event: 'pointer' }),
  Event_Await: struct({ event: 'pointer' }),
  Client_Create: struct({
    create_options: 'pointer', num_options: 'size', kv_get_callback: 'pointer', kv_get_user_arg: 'pointer',
    kv_put_callback: 'pointer', kv_put_user_arg: 'pointer', client: 'pointer', kv_try_get_callback: 'pointer',
    kv_try_get_user_arg: 'pointer',
  }),
  Client_Destroy: struct({ client: 'pointer' }),
  Client_PlatformName: struct({ client: 'pointer', platform_name: 'pointer', platform_name_size: 'size' }),
  Client_PlatformVersion: struct({ client: 'pointer', platform_version: 'pointer', platform_version_size: 'size' }),
  Client_AddressableDevices: struct({ client: 'pointer', addressable_devices: 'pointer', num_addressable_devices: 'size' }),
  Client_Compile: struct({
    client: 'pointer', program: 'pointer', compile_options: 'pointer', compile_options_size: 'size', executable: 'pointer',
  }),
  Client_BufferFromHostBuffer: struct({
    client: 'pointer', data: 'pointer', type: 'i32', dims: 'pointer', num_dims: 'size', byte_strides: 'pointer',
    num_byte_strides: 'size', host_buffer_semantics: 'i32', device: 'pointer', memory: 'pointer',
    device_layout: 'pointer', done_with_host_buffer: 'pointer', buffer: 'pointer',
  }),
  DeviceDescription_Kind: struct({ device_description: 'pointer', device_kind: 'pointer', device_kind_size: 'size' }),
  Device_GetDescription: struct({ device: 'pointer', device_description: 'pointer' }),
  Device_MemoryStats: struct({
    device: 'pointer', bytes_in_use: 'i64', peak_bytes_in_use: 'i64', peak_bytes_in_use_is_set: 'bool',
    num_allocs: 'i64', num_allocs_is_set: 'bool', largest_alloc_size: 'i64', largest_alloc_size_is_set: 'bool',
    bytes_limit: 'i64', bytes_limit_is_set: 'bool', bytes_reserved: 'i64', bytes_reserved_is_set: 'bool',
    peak_bytes_reserved: 'i64', peak_bytes_reserved_is_set: 'bool', bytes_reservable_limit: 'i64',
    bytes_reservable_limit_is_set: 'bool', largest_free_block_bytes: 'i64', largest_free_block_bytes_is_set: 'bool',
    pool_bytes: 'i64', pool_bytes_is_set: 'bool', peak_pool_bytes: 'i64', peak_pool_bytes_is_set: 'bool',
  }),
  Executable_Destroy: struct({ executable: 'pointer' }),
  Executable_NumOutputs: struct({ executable: 'pointer', num_outputs: 'size' }),
  Executable_GetCostAnalysis: struct({ executable: 'pointer', num_properties: 'size', properties: 'pointer' }),
  Executable_OptimizedProgram: struct({ executable: 'pointer', program: 'pointer' }),
  Executable_Serialize: struct({
    executable: 'pointer', serialized_bytes: 'pointer', serialized_bytes_size: 'size', serialized_executable: 'pointer',
    serialized_executable_deleter: 'pointer',
  }),
  Executable_DeserializeAndLoad: struct({
    client: 'pointer', serialized_executable: 'pointer', serialized_executable_size: 'size',
    loaded_executable: 'pointer', overridden_serialized_compile_options: 'pointer',
    overridden_serialized_compile_options_size: 'size',
  }),
  Executable_GetCompiledMemoryStats: struct({
    executable: 'pointer', generated_code_size_in_bytes: 'i64', argument_size_in_bytes: 'i64', output_size_in_bytes: 'i64',
    alias_size_in_bytes: 'i64', temp_size_in_bytes: 'i64', host_generated_code_size_in_bytes: 'i64',
    host_argument_size_in_bytes: 'i64', host_output_size_in_bytes: 'i64', host_alias_size_in_bytes: 'i64',
    host_temp_size_in_bytes: 'i64', peak_memory_in_bytes: 'i64', total_size_in_bytes: 'i64',
    total_allocation_bytes: 'i64', indefinite_allocations: 'i64', peak_unpadded_heap_bytes: 'i64',
  }),
  LoadedExecutable_Destroy: struct({ executable: 'pointer' }),
  LoadedExecutable_GetExecutable: struct({ loaded_executable: 'pointer', executable: 'pointer' }),
  LoadedExecutable_Execute: struct({
    executable: 'pointer', options: 'pointer', argument_lists: 'pointer', num_devices: 'size', num_args: 'size',
    output_lists: 'pointer', device_complete_events: 'pointer', execute_device: 'pointer',
  }),
  Buffer_Destroy: struct({ buffer: 'pointer' }),
  Buffer_OnDeviceSizeInBytes: struct({ buffer: 'pointer', on_device_size_in_bytes: 'size' }),
  Buffer_ToHostBuffer: struct({ src: 'pointer', host_layout: 'pointer', dst: 'pointer', dst_size: 'size', event: 'pointer' }),
  Buffer_ReadyEvent: struct({ buffer: 'pointer', event: 'pointer' }),
} satisfies Record<FunctionName, Layout>; // prettier-ignore

/** Structures that argument structures point to. */
export const PARTS = {
  Program: struct({ code: 'pointer', code_size: 'size', format: 'pointer', format_size: 'size' }),
  ExecuteOptions: struct({
    send_callbacks: 'pointer', recv_callbacks: 'pointer', num_send_ops: 'size', num_recv_ops: 'size', launch_id: 'i32',
    non_donatable_input_indices: 'pointer', num_non_donatable_input_indices: 'size', context: 'pointer',
    call_location: 'pointer', num_tasks: 'size', task_ids: 'pointer', incarnation_ids: 'pointer',
    multi_slice_config: 'pointer',
  }),
  NamedValue: struct({ name: 'pointer', name_size: 'size', type: 'i32', value: 'i64', value_size: 'size' }),
}; // prettier-ignore

/** PJRT_Buffer_Type of the element types in use. */
export const BUFFER_TYPES = {
  bool: 1,
  int32: 4,
  int64: 5,
  uint8: 6,
  uint32: 8,
  float16: 10,
  float32: 11,
  bfloat16: 13,
} as const;

/** PJRT_NamedValue_Type. */
export const NAMED = { string: 0, int64: 1, int64List: 2, float: 3, bool: 4 } as const;

/** PJRT_HostBufferSemantics: the array may change as soon as the call returns. */
export const IMMUTABLE_ONLY_DURING_CALL = 0;

/** Bytes of zeros behind a structure, for fields that later plugins append. */
export const SPARE = 128;
