import { memorySource } from './byte-source';
import type { PickleMachine, PickleRule } from './pickle-machine';
import { badCall, dict, type DictNode, isNode, itemsOf, type PickleValue } from './pickle-values';

/** Entries of a dictionary, or of a list of pairs; undefined for anything else. */
const pairsOf = (value: PickleValue, machine: PickleMachine): DictNode | undefined => {
  const pairs = isNode(value, 'dict') ? [...value.entries] : itemsOf(value)?.map(pair => itemsOf(pair) ?? []);
  if (!pairs?.every((pair): pair is [PickleValue, PickleValue] => pair.length === 2)) return undefined;
  machine.charge(pairs.length);
  return dict(pairs);
};

const dictionary: PickleRule = {
  call: ([content, ...rest], machine) => {
    const made = content === undefined ? dict() : pairsOf(content, machine);
    return made && rest.length === 0 ? made : badCall('dict', 'nothing, or a list of pairs');
  },
  create: () => dict(),
};

const set: PickleRule = {
  call: ([content, ...rest], machine) => {
    const items = content === undefined ? [] : itemsOf(content);
    if (!items || rest.length > 0) return badCall('set', 'a list');
    machine.charge(items.length);
    return { kind: 'set', items: [...items] };
  },
};

/** Latin-1 text to bytes: how protocols 0 to 2 carry them. */
const encode: PickleRule = {
  call: ([text, encoding, ...rest], machine) => {
    if (typeof text !== 'string' || encoding !== 'latin1' || rest.length > 0)
      return badCall('_codecs.encode', "a text and 'latin1'");
    machine.chargeBytes(text.length);
    if (!/^[\x00-\xff]*$/.test(text)) return badCall('_codecs.encode', 'characters of Latin-1 only');
    const bytes = Buffer.from(text, 'latin1');
    return { kind: 'bytes', range: { source: memorySource(bytes), start: 0, length: bytes.length } };
  },
};

/** Empty bytes, in protocols 0 to 2, and bytearrays before protocol 5. */
const bytes: PickleRule = {
  call: (args, machine) => {
    if (args.length === 0)
      return { kind: 'bytes', range: { source: memorySource(new Uint8Array(0)), start: 0, length: 0 } };
    if (args.length === 1 && isNode(args[0], 'bytes')) return args[0];
    return encode.call!([args[0], args[1] === 'latin-1' ? 'latin1' : args[1]], machine);
  },
};

/** Protocols 0 and 1: an object of a class, given the content of the built-in type under it. */
const reconstruct: PickleRule = {
  call: ([type, base, content], machine) => {
    if (!isNode(type, 'global') || !isNode(base, 'global'))
      return badCall('copyreg._reconstructor', 'a class, its base and a state');
    const made = machine.create(type, []);
    if (!isNode(made, 'dict') || base.name !== 'builtins.dict') return made;
    return pairsOf(content, machine) ?? badCall('copyreg._reconstructor', 'a dictionary for a kind of dictionary');
  },
};

/** What Python's own pickling of plain values needs; everything else of `builtins` is refused. */
export const PYTHON_RULES: Readonly<Record<string, PickleRule>> = {
  'collections.OrderedDict': dictionary,
  'dnnlib.util.EasyDict': dictionary, // EDM's dictionary with attributes
  'builtins.dict': dictionary,
  'builtins.object': {},
  'builtins.set': set,
  'builtins.frozenset': set,
  'builtins.bytes': bytes,
  'builtins.bytearray': bytes,
  '_codecs.encode': encode,
  'copyreg._reconstructor': reconstruct,
};
