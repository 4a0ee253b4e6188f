import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { node, root } from './consumer';

test('the documentation of every path builds without a warning: no link is broken, no type that a path names is missing', async () => {
  const typedoc = join(root, 'node_modules', 'typedoc', 'bin', 'typedoc');
  assert.equal(await node(root, typedoc, '--emit', 'none', '--logLevel', 'Warn'), '');
});
