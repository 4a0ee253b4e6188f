/*
 * Which process something belongs to. A number alone does not tell: numbers are given again, and in a container every
 * program is process 1. Linux adds when a process started and in which space of process numbers it lives; elsewhere only
 * the number is known.
 */
import { createHash } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

/** A process, as what it left behind names it. */
export type ProcessIdentity = {
  pid: number;
  /** When it started, in clock ticks since the machine did; '' where the system does not say. */
  started: string;
  /** Hash of the machine's start and of the space that `pid` counts in; '' where the system does not say. */
  space: string;
};

const readOr = <T>(read: () => T, otherwise: T): T => {
  try {
    return read();
  } catch {
    return otherwise;
  }
};

/**
 * What a process does and its start in clock ticks, fields 3 and 22 of /proc/PID/stat; '' where there is no such process
 * or file.
 */
const statusOf = (pid: number): { state: string; start: string } =>
  readOr(
    () => {
      // The program's name, which may hold anything, stands in parentheses before the third field.
      const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\)/s, '').trim().split(' ');
      return { state: fields[0] ?? '', start: fields[19] ?? '' };
    },
    { state: '', start: '' },
  );

/** The machine's present start: another after every boot; '' where the system does not say. */
export const bootId = (): string => readOr(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim(), '');

const spaceOf = (): string => {
  const space = readOr(() => readlinkSync('/proc/self/ns/pid'), '');
  return space === ''
    ? ''
    : createHash('sha256').update(`${hostname()} ${bootId()} ${space}`).digest('hex').slice(0, 8);
};

let own: ProcessIdentity | undefined;

/** This process. */
export const thisProcess = (): ProcessIdentity =>
  (own ??= { pid: process.pid, started: statusOf(process.pid).start, space: spaceOf() });

const hasNumber = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'; // it lives, but is someone else's
  }
};

/** Whether a process lives: 'unknown' for one that counts its numbers elsewhere, in another container or machine. */
export const isAlive = ({ pid, started, space }: ProcessIdentity): 'yes' | 'no' | 'unknown' => {
  if (space !== '' && space !== thisProcess().space) return 'unknown';
  if (!hasNumber(pid)) return 'no';
  const { state, start } = statusOf(pid);
  if (state === 'Z' || state === 'X') return 'no'; // it has ended, and its parent has not asked how
  return started === '' || start === started ? 'yes' : 'no';
};
