import type { ByteRange } from './byte-source';
import { type PickleLimits, PickleMachine, type PickleRules } from './pickle-machine';
import { OPCODES } from './pickle-opcodes';
import type { PickleValue } from './pickle-values';

const STOP = '.'.charCodeAt(0);

/**
 * Reads one pickle, of any protocol, as data. Written here because a pickle is a program, and the npm packages that run
 * it either call what it names or lack the opcodes, limits and range reads that checkpoints need. This one knows no
 * function but those in `rules`, and those only make plain records.
 * @returns the value, and the position in the source just after the pickle.
 * @throws CheckpointError 'pickle-...' or 'limit-...' for anything that is not a pickle within the rules.
 */
export const readPickle = (
  range: ByteRange,
  rules: PickleRules,
  budget: PickleLimits,
): { value: PickleValue; end: number } => {
  const machine = new PickleMachine(range, rules, budget);
  const { cursor } = machine;
  for (;;) {
    const code = cursor.uint8();
    if (code === STOP) return { value: machine.pop(), end: cursor.position };
    machine.charge();
    const action = OPCODES[code];
    if (action) action(machine);
    else cursor.fail('pickle-opcode', `0x${code.toString(16).padStart(2, '0')} is no opcode of a checkpoint`);
  }
};
