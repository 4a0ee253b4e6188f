import { auxiliaryOf, parameterCount } from '../../src/networks';
import type { Fixture, Json } from './fixture';
import { exact, type Measure } from './measure';
import { networkOf } from './network';

type Counted = {
  kwargs: Json;
  parameters: number;
  parameters_with_duplicated_time_embedding: number;
  buffers?: number;
};

/** counts/: trainable parameters of full-size networks and of their auxiliaries, from the definitions alone. */
export const counts = (fixture: Fixture): Promise<Measure[]> => {
  const { json } = fixture;
  if (json.kind !== 'parameter counts') throw new Error(`unknown kind '${String(json.kind)}'`);
  const measures = Object.entries(json.networks as Record<string, Counted>).flatMap(([name, counted]) => {
    const network = networkOf(json, counted.kwargs);
    return [
      exact(name, parameterCount(network.parameters), counted.parameters),
      exact(
        `${name}, two times`,
        parameterCount(auxiliaryOf(network).parameters),
        counted.parameters_with_duplicated_time_embedding,
      ),
    ];
  });
  return Promise.resolve(measures);
};
