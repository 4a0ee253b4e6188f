import { shapeSize } from '../compute/host-arrays';
import * as tf from '@tensorflow/tfjs-core';
import { ArgumentError } from '../compute/check';
import { normal, uniform } from '../compute/noise';
import type { Tensors } from '../compute/tensors';

export type { Tensors };

/** How a parameter starts. */
export type Init =
  | { kind: 'constant'; value: number }
  | { kind: 'uniform'; bound: number; centre?: number } // centre + bound * U(-1, 1), centre 0
  | { kind: 'normal'; scale: number };

/**
 * One parameter of a network under its reference name, in tfjs layout: convolutions HWIO, linear weights [in, out].
 * A constant (the reference's buffers of random frequencies) is kept and stored among the parameters, but networks let
 * no gradient through to it, so that no optimiser and no average ever changes it.
 */
export type ParameterSpec = { name: string; shape: readonly number[]; init: Init; constant?: true };

/** Number of trainable scalars of a network, without allocating any. Constants do not count. */
export const parameterCount = (specs: readonly ParameterSpec[]): number =>
  specs.reduce((sum, { shape, constant }) => (constant ? sum : sum + shapeSize(shape)), 0);

const draw = ({ name, shape, init }: ParameterSpec, seed: number): Float32Array => {
  const size = shapeSize(shape);
  const address = { seed, stream: `init/${name}` };
  switch (init.kind) {
    case 'constant':
      return new Float32Array(size).fill(init.value);
    case 'normal':
      return normal(address, size).map(z => init.scale * z);
    case 'uniform': {
      const { bound, centre = 0 } = init;
      return uniform(address, size).map(u => centre + bound * (2 * u - 1));
    }
  }
};

/** Fresh parameters, a function of the seed alone. The caller owns the tensors. */
export const initialParameters = (specs: readonly ParameterSpec[], seed: number): Tensors =>
  Object.fromEntries(specs.map(spec => [spec.name, tf.tensor(draw(spec, seed), [...spec.shape])]));

/** Buffers of the reference that follow from a network's options: resampling filters and iDDPM's table of levels. */
const derived = (name: string): boolean => name.endsWith('.resample_filter') || name === 'u';

/**
 * The parameters that `specs` asks for, out of `given`, in order. Buffers of the reference that follow from the options
 * may be present and are left out.
 * @throws ArgumentError naming missing, superfluous and misshapen parameters.
 */
export const matchParameters = (where: string, specs: readonly ParameterSpec[], given: Tensors): Tensors => {
  const names = new Set(specs.map(spec => spec.name));
  const missing = specs.filter(spec => !(spec.name in given)).map(spec => spec.name);
  const extra = Object.keys(given).filter(name => !names.has(name) && !derived(name));
  const misshapen = specs
    .filter(({ name, shape }) => name in given && given[name].shape.join() !== shape.join())
    .map(({ name, shape }) => `${name} [${given[name].shape.join(', ')}] instead of [${shape.join(', ')}]`);
  const list = (what: string, items: string[]): string =>
    items.length === 0 ? '' : `; ${what} ${items.slice(0, 5).join(', ')}${items.length > 5 ? ', ...' : ''}`;
  const faults = list('missing', missing) + list('unknown', extra) + list('misshapen', misshapen);
  if (faults) throw new ArgumentError(`${where}: parameters do not fit the network${faults}`);
  return Object.fromEntries(specs.map(({ name }) => [name, given[name]]));
};
