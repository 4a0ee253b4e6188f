import assert from 'node:assert/strict';
import { test } from 'node:test';
import { reproduceArguments, studyArguments } from '../../scripts/study/options';

test('options that a command of a study would ignore are refused', () => {
  const refused = (text: string, message: RegExp) =>
    assert.throws(() => studyArguments(text.split(' ')), message, text);
  refused('digits --search --ship a', /--search and --ship are two commands|--ship and --search are two commands/);
  refused('digits --measure --draw', /--measure and --draw are two commands/);
  refused('digits --shipped', /training takes no --shipped/);
  refused('digits --search --steps 2,4', /--steps goes with --search --shipped/);
  refused('digits --ship a --at 51200', /--ship takes no --at/);
  refused('digits --measure --engine eager', /--measure takes no --engine/);
  refused('digits --at 51200', /training takes no --at/);
  refused('digits arm --search', /--search takes no ARM/);
  refused('digits arm --draw', /--draw takes no ARM/);
  refused('digits --compile --to 100', /--compile takes no --to/);
  refused('digits --unknown', /Unknown option '--unknown'/);
});

test('the command of a study is what was asked for, training where nothing was', () => {
  const commandOf = (...args: string[]) => studyArguments(['digits', ...args]).command;
  assert.equal(commandOf('--for', '2h', '--to', '100'), 'train');
  assert.equal(commandOf('arm', '--measure', '--ship', 'arm'), 'ship');
  assert.equal(commandOf('arm', '--measure', '--at', '100'), 'measure');
  assert.equal(commandOf('--search', '--shipped', '--steps', '2'), 'search');
  assert.equal(commandOf('--beside', 'file.json'), 'beside');
});

test('arguments of training and measuring at once are cut in two, and others refused', () => {
  const args = ['cifar10', '--for', '2h', '--data', 'd', '--engine', 'onnx', '--features', 'f', '--await-teacher'];
  const { training, measuring } = reproduceArguments(args);
  assert.deepEqual(training, ['cifar10', '--data', 'd', '--for', '2h', '--engine', 'onnx', '--await-teacher']);
  assert.deepEqual(measuring, ['cifar10', '--data', 'd', '--features', 'f', '--measure']);
  for (const other of [['--draw'], ['--search'], ['--ship', 'a'], ['--one-call']])
    assert.throws(
      () => reproduceArguments(['digits', ...other]),
      /npm run reproduce takes no --.*; npm run study does/,
    );
});
