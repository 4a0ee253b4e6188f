import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { PLACES, tryPlaces } from '../../scripts/torture/places';
import { selectBackend } from '../../src/compute/backend';

// `npm run torture -- places` tries every job in every place, a full disk among them, which only root can make.
before(() => selectBackend({ backend: 'wasm' }));

test('places that refuse leave what can be opened and gone on from: commands', async () => {
  const places = Object.keys(PLACES).filter(place => PLACES[place].mounts !== true);
  for (const { place, attempted, held, failures } of await tryPlaces('commands', places, 1)) {
    assert.deepEqual(failures, [], place);
    assert.deepEqual([attempted, held], [1, 1], place);
  }
});
