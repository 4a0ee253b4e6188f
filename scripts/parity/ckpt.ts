import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { type HostTensor, readCheckpoint, readSafetensors } from '../../src/checkpoints';
import { loadNetwork } from '../../src/models';
import type { Fixture } from './fixture';
import { array, exact, type Measure, TYPICAL } from './measure';
import { imagesOf } from './network';

type Arrays = Record<string, HostTensor>;

/** 0 if both hold the same numbers under the same names and shapes, else how many tensors differ. */
const differing = (ours: Arrays, theirs: Arrays): number =>
  Object.entries(theirs).filter(([name, { shape, data }]) => {
    const mine = ours[name] as HostTensor | undefined;
    if (mine?.shape.join() !== shape.join()) return true;
    return !Array.from(data as Float32Array).every((value, i) => Object.is(Number(mine.data[i]), Number(value)));
  }).length;

/** What PyTorch says is in the file, under the names that `readCheckpoint` gives: those of the network, or of the file. */
const expectedIn = (arrays: Arrays): Arrays => {
  const own = Object.entries(arrays).filter(([name]) => !/^(in|out)\//.test(name));
  return Object.fromEntries(
    own.map(([name, tensor]) => [name.replace(/^(state|net)\//, '').replaceAll('/', '.'), tensor]),
  );
};

const input = (arrays: Arrays, name: string): tf.Tensor | undefined => {
  if (!(name in arrays)) return undefined;
  const t = tf.tensor(arrays[name].data as Float32Array, arrays[name].shape);
  return t.rank === 4 ? tf.transpose(t, [0, 2, 3, 1]) : t;
};

/** ckpt/: the tensors of each file, exactly, and D(x, sigma) of the network that it holds. */
export const ckpt = async ({ json, folder, name }: Fixture): Promise<Measure[]> => {
  const { tensors: arrays } = await readSafetensors(join(folder, `${name}.expected.safetensors`));
  const measures: Measure[] = [];
  for (const file of json.files as string[]) {
    const path = join(folder, file);
    const { tensors } = await readCheckpoint(path, { floats: 'F32' });
    const optimiser = name === 'training_state' ? await readCheckpoint(path, { part: '' }) : undefined;
    const ours = { ...optimiser?.tensors, ...tensors };
    const exactly = { ...(await readCheckpoint(path)).tensors }; // element types as stored: doubles stay doubles
    if ('f64' in exactly) ours.f64 = exactly.f64;
    measures.push(exact(`${file}: tensors`, differing(ours, expectedIn(arrays)), 0));
    if (!('out/D_x' in arrays)) continue;
    const { precond, ...initKwargs } = (json.kwargs ?? {}) as Record<string, unknown>;
    const { denoiser, parameters } = await loadNetwork(path, { className: String(precond), initKwargs });
    const [x, sigma] = [input(arrays, 'in/x')!, input(arrays, 'in/sigma')!];
    const [labels, augment] = [input(arrays, 'in/class_labels'), input(arrays, 'in/augment_labels')];
    const D = await imagesOf(denoiser.denoise(parameters, x, sigma, { labels, augment }));
    measures.push(array(`${file}: D_x`, D, arrays['out/D_x'].data as Float32Array, TYPICAL.forward));
  }
  return measures;
};
