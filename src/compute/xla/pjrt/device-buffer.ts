/* Tensors in a device's memory. */
import { shapeSize } from '../../host-arrays';
import type { Api } from './api';
import { BUFFER_TYPES, IMMUTABLE_ONLY_DURING_CALL } from './argument-structs';
import { DeviceError, EXHAUSTED, OutOfDeviceMemoryError, PjrtError } from './device-error';
import { type Address, addressOf, integers } from './native-memory';

/** Element types of device tensors. */
export type DeviceType = keyof typeof BUFFER_TYPES;

/** Arrays of this process that can be copied to a device and back: raw bytes, their type is not looked at. */
export type HostData = Float32Array | Int32Array | Uint32Array | Uint8Array | Uint16Array | BigInt64Array;

/** Bytes an element takes on its way to the device. */
const ELEMENT_BYTES: Record<DeviceType, number> = {
  bool: 1,
  int32: 4,
  int64: 8,
  uint8: 1,
  uint32: 4,
  float16: 2,
  float32: 4,
  bfloat16: 2,
};

/** Copies up to this many bytes are made at once in the calling thread (well under a millisecond). */
const SMALL = 2 ** 16;

/** Counts of what is held on devices; a test compares them before and after. */
export const alive = { buffers: 0, programs: 0, clients: 0 };

/** A tensor in a device's memory. Whoever holds it disposes of it; a program that it is donated to does so itself. */
export class DeviceBuffer {
  private users = 0;
  private unwanted = false;

  /** Made by `Client.upload` and `Program.run`. */
  constructor(
    private readonly api: Api,
    private readonly handle: Address,
  ) {
    alive.buffers++;
  }

  /** @throws DeviceError after `dispose`, or after it was donated */
  get address(): Address {
    if (this.unwanted) throw new DeviceError('this device buffer was disposed of or donated before');
    return this.handle;
  }

  /** True after `dispose`, or after it was donated. */
  get isDisposed(): boolean {
    return this.unwanted;
  }

  /** Keeps the memory while `work` uses it, even if it is disposed of meanwhile. */
  async during<T>(work: () => Promise<T>): Promise<T> {
    this.hold();
    try {
      return await work();
    } finally {
      this.letGo();
    }
  }

  /** Keeps the memory until `letGo`. */
  hold(): void {
    this.users++;
  }

  /** Ends a `hold`. */
  letGo(): void {
    if (--this.users === 0 && this.unwanted) this.free();
  }

  private free(): void {
    alive.buffers--;
    this.api.destroyBuffer(this.handle);
  }

  /** Frees the memory, at the end of the calls that use it now. A second call does nothing. */
  dispose(): void {
    if (this.unwanted) return;
    this.unwanted = true;
    if (this.users === 0) this.free();
  }

  /**
   * Copies the tensor into `into` when what computes it has ended; the event loop goes on.
   * @param into as many bytes as the tensor has; not to be read before the promise settles
   */
  async read<T extends HostData>(into: T): Promise<T> {
    const src = this.address;
    return this.during(async () => {
      const values = { src, dst: addressOf(into), dst_size: into.byteLength };
      // large copies may be made, or memory for them pinned, within the call
      const started =
        into.byteLength <= SMALL
          ? this.api.call('Buffer_ToHostBuffer', values, [into])
          : await this.api.callAsync('Buffer_ToHostBuffer', values, [into]);
      await this.api.settled(started.get('event'));
      return into;
    });
  }

  /** As `read`, but this thread stands still until the copy is made: for callers that cannot wait otherwise. */
  readSync<T extends HostData>(into: T): T {
    const values = { src: this.address, dst: addressOf(into), dst_size: into.byteLength };
    this.api.settledSync(this.api.call('Buffer_ToHostBuffer', values, [into]).get('event'));
    return into;
  }

  /** Resolves when what computes this tensor has ended. @throws DeviceError if that failed */
  async ready(): Promise<void> {
    const buffer = this.address;
    await this.during(() => this.api.settled(this.api.call('Buffer_ReadyEvent', { buffer }).get('event')));
  }

  /** Bytes that the tensor takes on the device. */
  get byteLength(): number {
    return Number(this.api.call('Buffer_OnDeviceSizeInBytes', { buffer: this.address }).get('on_device_size_in_bytes'));
  }
}

/**
 * Copies an array to a device. It must not change before the promise settles.
 * @throws DeviceError if `data` has not as many bytes as `shape` and `type` say, or the device has no room for it
 */
export const uploadTo = async (
  api: Api,
  client: Address,
  device: Address,
  data: HostData,
  shape: readonly number[],
  type: DeviceType,
): Promise<DeviceBuffer> => {
  const wanted = shapeSize(shape) * ELEMENT_BYTES[type];
  if (data.byteLength !== wanted)
    throw new DeviceError(`upload: expected ${wanted} bytes for ${type} [${shape}], got ${data.byteLength}`);
  const dims = integers(shape);
  const values = {
    client,
    data: addressOf(data),
    type: BUFFER_TYPES[type],
    dims: addressOf(dims),
    num_dims: shape.length,
    host_buffer_semantics: IMMUTABLE_ONLY_DURING_CALL,
    device,
  };
  const kept = [data, dims];
  try {
    const made =
      data.byteLength <= SMALL
        ? api.call('Client_BufferFromHostBuffer', values, kept)
        : await api.callAsync('Client_BufferFromHostBuffer', values, kept);
    const event = made.get('done_with_host_buffer');
    if (event !== 0n) api.call('Event_Destroy', { event });
    return new DeviceBuffer(api, made.get('buffer'));
  } catch (error) {
    if (error instanceof PjrtError && error.code === EXHAUSTED)
      throw new OutOfDeviceMemoryError(`a tensor of shape [${shape}]`, wanted, 0, 0, error);
    throw error;
  }
};
