import { CheckpointError } from './checkpoint-error';
import type { HostTensor } from './host-tensor';

/** All bits of the exponent, by the type of a half. */
const EXPONENT = { F16: 0x7c00, BF16: 0x7f80 } as const;

/** Position of the first NaN or infinity; -1 where there is none. */
const firstNotFinite = ({ dtype, data }: HostTensor): number => {
  if (dtype === 'F16' || dtype === 'BF16') {
    const exponent = EXPONENT[dtype];
    return (data as Uint16Array).findIndex(bits => (bits & exponent) === exponent);
  }
  return dtype.includes('F') ? (data as Float32Array).findIndex(value => !Number.isFinite(value)) : -1;
};

/**
 * Refuses weights that a network cannot compute with, before anything is drawn or trained with them.
 * @throws CheckpointError 'not-finite' naming the tensor and its first such element.
 */
export const expectFinite = (where: string, tensors: Readonly<Record<string, HostTensor>>): void => {
  for (const [name, tensor] of Object.entries(tensors)) {
    const at = firstNotFinite(tensor);
    if (at >= 0)
      throw new CheckpointError(
        'not-finite',
        `${where}: weights that are not finite: element ${at} of '${name}' is ${String(tensor.data[at])}; the network was saved after its training diverged`,
      );
  }
};
