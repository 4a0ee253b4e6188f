/* The real run: CIFAR-10 at 16 x 16, unconditional, from data to few-step generator on two cores. */
import { cifar10, type Dataset, downsampled, mirrored, type Split } from '../datasets';
import { ddpmpp, type Denoiser, edmDenoiser } from '../networks';
import type { RunOptions } from '../training';

/** What the teacher is and how long it trains. */
export const CIFAR10_TEACHER = {
  denoiser: (): Denoiser =>
    edmDenoiser(
      ddpmpp({
        resolution: 16,
        channels: 3,
        classes: 0,
        modelChannels: 64,
        channelMult: [1, 2],
        blocks: 1,
        attention: [8],
        dropout: 0,
      }),
    ),
  images: 320_000,
  run: {
    batch: 64,
    learningRate: 1e-3,
    warmup: 6_400,
    beta1: 0.9,
    beta2: 0.999,
    emaHalflife: 16_000,
    emaRampup: 0.05,
    seed: 0,
  } satisfies Partial<RunOptions>,
};

/**
 * CIFAR-10 at 16 x 16 (means of 2 x 2 pixels), from the folder of the binary version; the training split with mirror
 * images.
 * @throws DatasetError when the files are not there or damaged
 */
export const cifar10Small = async (folder: string, split: Split): Promise<Dataset> => {
  const small = downsampled(await cifar10(folder, { split }), 2);
  return split === 'train' ? mirrored(small) : small;
};
