import assert from 'node:assert/strict';
import { test } from 'node:test';
import { jobRows } from '../../src/notebook/job-table';

test('a table of jobs shows first what needs a look, and at most 24', () => {
  const states = ['done', 'waiting', 'running', 'refused', 'failed'];
  const jobs = Array.from({ length: 50 }, (_, i) => ({ label: `job ${i}`, state: states[i % 5] }));
  const rows = jobRows(jobs);
  assert.equal(rows.length, 24);
  assert.deepEqual([...new Set(rows.map(({ state }) => state))], ['failed', 'refused', 'running']);
  assert.deepEqual(jobRows([{ label: 'a', state: 'done' }]), [{ job: 'a', state: 'done' }]);
  assert.deepEqual(jobRows([{ label: 'a', state: 'refused', worker: 'host:1', problem: 'other code' }]), [
    { job: 'a', state: 'refused', machine: 'host:1', note: 'other code' },
  ]);
});

test('where no worker has come the first row says what to do', () => {
  const jobs = ['a', 'b'].map(label => ({ label, state: 'waiting' }));
  const hint = 'no worker has taken a job yet; start one: npx cosim worker';
  assert.deepEqual(jobRows(jobs), [
    { job: 'a', state: 'waiting', note: hint },
    { job: 'b', state: 'waiting', note: '' },
  ]);
  assert.ok(!JSON.stringify(jobRows([...jobs, { label: 'c', state: 'done', worker: 'host:1' }])).includes(hint));
});
