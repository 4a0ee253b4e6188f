import type { PickleMachine, PickleRule } from './pickle-machine';
import { badCall, dict, isNode, itemsOf, opaque, type PickleValue } from './pickle-values';

// What people keep beside their weights: options, versions, dates, paths, counters. None of it is needed to read a
// tensor, so it becomes plain values or text, and never stands in the way of the weights.

/** A name that may be given as an argument and is never called. */
const NAME_ONLY: PickleRule = {};

/** A dictionary that knows what to put under a new key: what to put is of no use here. */
const defaultDictionary: PickleRule = { call: () => dict() };

const counter: PickleRule = {
  call: ([counts], machine) => {
    if (!isNode(counts, 'dict')) return counts === undefined ? dict() : badCall('collections.Counter', 'a dictionary');
    machine.charge(counts.entries.size);
    return dict(counts.entries);
  },
};

const deque: PickleRule = {
  call: ([items = null], machine) => {
    const given = itemsOf(items) ?? [];
    machine.charge(given.length);
    return { kind: 'list', items: [...given] };
  },
};

const complex: PickleRule = {
  call: ([re, im]) =>
    typeof re === 'number' && typeof im === 'number'
      ? opaque(`${re}${im < 0 || Object.is(im, -0) ? '-' : '+'}${Math.abs(im)}j`)
      : badCall('builtins.complex', 'two numbers'),
};

const digits = (value: number, width: number): string => String(value).padStart(width, '0');

/** The ten bytes of a datetime, or the four of a date: year (2), month, day, hour, minute, second, microsecond (3). */
const dateText = (name: string, bytes: Uint8Array): string => {
  const [high, low, month, day, hour, minute, second, ...micro] = bytes;
  const date = `${digits(256 * high + low, 4)}-${digits(month & 127, 2)}-${digits(day, 2)}`;
  if (bytes.length === 4) return date;
  if (bytes.length !== 10) return name;
  const fraction = digits(65536 * micro[0] + 256 * micro[1] + micro[2], 6);
  return `${date}T${digits(hour, 2)}:${digits(minute, 2)}:${digits(second, 2)}.${fraction}`;
};

const date = (name: string): [string, PickleRule] => [
  name,
  {
    call: ([state]) => {
      if (!isNode(state, 'bytes') || state.range.length > 10) return opaque(name);
      const { source, start, length } = state.range;
      return opaque(dateText(name, source.readSync(start, length)));
    },
  },
];

/** An object of a class of which only the name is kept. */
const named = (name: string): [string, PickleRule] => [name, { call: () => opaque(name), create: () => opaque(name) }];

/** A text with a class of its own. */
const textOf =
  (name: string) =>
  ([text]: PickleValue[]): PickleValue =>
    typeof text === 'string' ? text : badCall(name, 'a text');

const text = (name: string): [string, PickleRule] => [name, { call: textOf(name), create: textOf(name) }];

const PATHS = ['PosixPath', 'PurePosixPath', 'WindowsPath', 'PureWindowsPath'].flatMap(type => [
  `pathlib.${type}`,
  `pathlib._local.${type}`, // Python 3.13
]);

/** A path by its parts. */
const path = (name: string): [string, PickleRule] => [
  name,
  {
    call: (parts: PickleValue[], machine: PickleMachine) => {
      const texts = parts.slice(0, 256).map(part => (typeof part === 'string' ? part : badCall(name, 'texts')));
      machine.chargeBytes(texts.reduce((sum, part) => sum + part.length, 0));
      const separator = name.includes('Windows') ? '\\' : '/';
      return opaque(texts.join(separator).replace(/^\/\//, '/'));
    },
  },
];

/** An object whose attributes are worth reading: options of a program. */
const attributes = (className: string): [string, PickleRule] => {
  const make = (): PickleValue => ({ kind: 'object', className, state: null });
  return [className, { call: make, create: make }];
};

export const SIDE_RULES: Readonly<Record<string, PickleRule>> = {
  'collections.defaultdict': defaultDictionary,
  'collections.Counter': counter,
  'collections.deque': deque,
  'builtins.complex': complex,
  ...Object.fromEntries(['list', 'tuple', 'int', 'float', 'str', 'bool'].map(type => [`builtins.${type}`, NAME_ONLY])),
  ...Object.fromEntries(['argparse.Namespace', 'types.SimpleNamespace'].map(attributes)),
  ...Object.fromEntries(['torch.torch_version.TorchVersion', 'decimal.Decimal', 'numpy.str_'].map(text)),
  ...Object.fromEntries(['datetime.datetime', 'datetime.date'].map(date)),
  ...Object.fromEntries(['datetime.time', 'datetime.timedelta', 'datetime.timezone', 'uuid.UUID'].map(named)),
  ...Object.fromEntries(PATHS.map(path)),
};
