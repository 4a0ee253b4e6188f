/* Averages of phi on the device, so that taking in a step's parameters moves nothing to the host. */
import { HloBuilder } from '../compute/xla/builder';
import type { Device, DeviceArray } from '../compute/xla/device';
import { allUploaded } from '../compute/xla/uploads';
import type { HloModule } from '../compute/xla/hlo';
import type { HeldAverages } from './engine';

const names = (count: number): string[] => Array.from({ length: count }, (_, k) => `average${k}`);

/** average k <- phi + betas[k] (average k - phi), in the average's own memory. */
const averagesModule = (count: number, size: number): HloModule => {
  const b = new HloBuilder();
  const phi = b.argument('phi', [size], 'f32');
  const betas = b.argument('betas', [count], 'f32');
  const next = names(count).map((name, k) => {
    const average = b.argument(name, [size], 'f32');
    const beta = b.broadcastIn(b.reshape(b.slice(betas, [k], [1]), []), [size], []);
    const change = b.elementwise('multiply', beta, b.elementwise('subtract', average, phi));
    return [name, b.elementwise('add', phi, change)] as const;
  });
  return b.module(Object.fromEntries(next));
};

/**
 * @param phi the parameters as they are now, `size` numbers on the first device
 * @param count how many averages
 */
export const deviceAverages = async (
  device: Device,
  { phi, size, count }: { phi: () => DeviceArray; size: number; count: number },
): Promise<HeldAverages & { dispose: () => void }> => {
  const program = await device.compile(averagesModule(count, size));
  const zeros = new Float32Array(size);
  let held = await allUploaded(names(count).map(() => device.upload(zeros, [size]))).catch((error: unknown) => {
    program.dispose();
    throw error;
  });
  return {
    update: async betas => {
      const numbers = await device.upload(Float32Array.from(betas), [count]);
      try {
        [held] = await program.run([[phi(), numbers, ...held]]);
      } finally {
        numbers.dispose();
      }
    },
    read: () => Promise.all(held.map(array => array.read(new Float32Array(size)))),
    dispose: () => {
      for (const array of held) array.dispose();
      program.dispose();
    },
  };
};
