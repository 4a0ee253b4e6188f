import assert from 'node:assert/strict';
import { test } from 'node:test';
import { expectTogether } from '../../scripts/study/together';

test('options of a study of which one would be ignored are refused', () => {
  assert.throws(() => expectTogether({ search: true, ship: 'a' }), /--search and --ship are two commands/);
  assert.throws(() => expectTogether({ measure: true, draw: true }), /--measure and --draw are two commands/);
  assert.throws(() => expectTogether({ shipped: true }), /--shipped goes with --search/);
  assert.throws(() => expectTogether({ search: true, steps: '2,4' }), /--steps goes with --search --shipped/);
  assert.throws(() => expectTogether({ ship: 'a', at: '51200' }), /it takes no --at/);
});

test('the others go together', () => {
  for (const values of [{}, { measure: true, ship: 'a' }, { search: true, shipped: true, steps: '2' }, { at: '1' }])
    assert.doesNotThrow(() => expectTogether(values));
});
