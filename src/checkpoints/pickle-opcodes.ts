import type { PickleMachine } from './pickle-machine';
import { buildState } from './pickle-state';
import { floatText, integerText, quotedText, rawUnicode } from './pickle-text';
import { isNode, kindOf, type PickleValue } from './pickle-values';

// The opcodes of pickle protocols 0 to 5, numbered as in Python's pickletools. Left out, and so refused: extension
// codes (EXT1, EXT2, EXT4), which stand for names that only the writer knows, and out-of-band buffers (protocol 5).

type Action = (m: PickleMachine) => void;

const HIGHEST_PROTOCOL = 5;

const list = (items: PickleValue[] = []): PickleValue => ({ kind: 'list', items });
const tuple = (items: PickleValue[]): PickleValue => ({ kind: 'tuple', items });
const lastItems = (m: PickleMachine, count: number): PickleValue[] =>
  Array.from({ length: count }, () => m.pop()).reverse();

const bytes = (m: PickleMachine, length: number): void => m.push({ kind: 'bytes', range: m.cursor.skip(length) }); // left in the file until a tensor needs them

const memoIndex = (m: PickleMachine): number => {
  const index = integerText(m.cursor.line());
  return typeof index === 'number' && index >= 0 ? index : m.cursor.fail('pickle-value', 'a memo index');
};

const setTop = (m: PickleMachine, items: PickleValue[]): void => {
  const target = m.top();
  if (!isNode(target, 'set')) m.cursor.fail('pickle-stack', `items for ${kindOf(target)}`);
  else for (const item of items) target.items.push(item);
};

const number = (m: PickleMachine, value: number | bigint | boolean | undefined): void =>
  m.push(value ?? m.cursor.fail('pickle-value', 'a number that cannot be read'));

const text = (m: PickleMachine, value: string | undefined): void =>
  m.push(value ?? m.cursor.fail('pickle-value', 'a text that cannot be read'));

/** Opcodes by their character in pickletools. */
const BY_CHARACTER: Record<string, Action> = {
  // numbers and constants
  N: m => m.push(null),
  '\x88': m => m.push(true),
  '\x89': m => m.push(false),
  I: m => number(m, integerText(m.cursor.line())),
  L: m => number(m, integerText(m.cursor.line().replace(/L$/, ''))),
  F: m => number(m, floatText(m.cursor.line())),
  J: m => m.push(m.cursor.int32()),
  K: m => m.push(m.cursor.uint8()),
  M: m => m.push(m.cursor.uint16()),
  '\x8a': m => m.push(m.cursor.integer(m.cursor.uint8())),
  '\x8b': m => m.push(m.cursor.integer(m.cursor.uint32())),
  G: m => m.push(m.cursor.float64BigEndian()),
  // texts and bytes
  S: m => text(m, quotedText(m.cursor.line())),
  T: m => m.push(m.cursor.latin1(m.cursor.uint32())),
  U: m => m.push(m.cursor.latin1(m.cursor.uint8())),
  V: m => text(m, rawUnicode(m.cursor.line())),
  X: m => m.push(m.cursor.utf8(m.cursor.uint32())),
  '\x8c': m => m.push(m.cursor.utf8(m.cursor.uint8())),
  '\x8d': m => m.push(m.cursor.utf8(m.cursor.uint64())),
  B: m => bytes(m, m.cursor.uint32()),
  C: m => bytes(m, m.cursor.uint8()),
  '\x8e': m => bytes(m, m.cursor.uint64()),
  '\x96': m => bytes(m, m.cursor.uint64()),
  // containers
  '(': m => m.mark(),
  '0': m => m.drop(),
  '1': m => void m.popMark(),
  '2': m => m.push(m.top()),
  ')': m => m.push(tuple([])),
  t: m => m.push(tuple(m.popMark())),
  '\x85': m => m.push(tuple(lastItems(m, 1))),
  '\x86': m => m.push(tuple(lastItems(m, 2))),
  '\x87': m => m.push(tuple(lastItems(m, 3))),
  ']': m => m.push(list()),
  l: m => m.push(list(m.popMark())),
  a: m => {
    const item = m.pop();
    m.append(m.top(), [item]);
  },
  e: m => {
    const items = m.popMark();
    m.append(m.top(), items);
  },
  '}': m => m.push(m.dictOf([])),
  d: m => m.push(m.dictOf(m.popMark())),
  s: m => {
    const pair = lastItems(m, 2);
    m.setItems(m.top(), pair);
  },
  u: m => {
    const pairs = m.popMark();
    m.setItems(m.top(), pairs);
  },
  '\x8f': m => m.push({ kind: 'set', items: [] }),
  '\x90': m => {
    const items = m.popMark();
    setTop(m, items);
  },
  '\x91': m => m.push({ kind: 'set', items: m.popMark() }),
  // memo
  p: m => m.remember(memoIndex(m)),
  q: m => m.remember(m.cursor.uint8()),
  r: m => m.remember(m.cursor.uint32()),
  '\x94': m => m.rememberNext(),
  g: m => m.recall(memoIndex(m)),
  h: m => m.recall(m.cursor.uint8()),
  j: m => m.recall(m.cursor.uint32()),
  // functions, classes, objects
  c: m => m.pushGlobal(m.cursor.line(), m.cursor.line()),
  '\x93': m => {
    const name = m.pop();
    m.pushGlobal(m.pop(), name);
  },
  R: m => {
    const args = m.pop();
    m.push(m.call(m.pop(), args));
  },
  '\x81': m => {
    const args = m.pop();
    if (!isNode(args, 'tuple')) m.cursor.fail('pickle-stack', `arguments that are ${kindOf(args)}`);
    else m.push(m.create(m.pop(), args.items));
  },
  '\x92': m => {
    const [args, named] = lastItems(m, 2);
    if (!isNode(args, 'tuple') || !isNode(named, 'dict') || named.entries.size > 0)
      m.cursor.fail('pickle-call', 'an object made with named arguments');
    else m.push(m.create(m.pop(), args.items));
  },
  i: m => {
    m.pushGlobal(m.cursor.line(), m.cursor.line());
    const callee = m.pop();
    m.push(m.create(callee, m.popMark()));
  },
  o: m => {
    const [callee = null, ...args] = m.popMark();
    m.push(m.create(callee, args));
  },
  b: m => {
    const state = m.pop();
    buildState(m.top(), state, m);
  },
  P: m => m.push(m.persistent(m.cursor.line())),
  Q: m => m.push(m.persistent(m.pop())),
  // framing
  '\x80': m => {
    const protocol = m.cursor.uint8();
    if (protocol > HIGHEST_PROTOCOL)
      m.cursor.fail('pickle-protocol', `protocol ${protocol}; ${HIGHEST_PROTOCOL} is the highest known`);
  },
  '\x95': m => {
    const length = m.cursor.uint64();
    if (length > m.cursor.remaining)
      m.cursor.fail('pickle-truncated', `a frame of ${length} bytes, ${m.cursor.remaining} are left`);
  },
};

/** Opcodes by their byte; STOP ('.') is the reader's. */
export const OPCODES: readonly (Action | undefined)[] = Array.from({ length: 256 }, (_, code) => {
  const character = String.fromCharCode(code);
  return Object.hasOwn(BY_CHARACTER, character) ? BY_CHARACTER[character] : undefined;
});
