/*
 * All that is timed, within a time limit: every case is a process, all get ready (compile) side by side, then each times
 * its case alone on the card while those that are not ready yet stand still; those get what time is left at the end.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, openSync } from 'node:fs';
import { freemem } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as wait } from 'node:timers/promises';
import { nvidiaDriver } from '../../src/compute/xla/pjrt';
import { type Job, plan } from './plan';
import type { Report } from './report';

/** Seconds for getting ready, for everything, and the most for one turn. */
const READY_S = Number(process.env.CHECK_READY_S ?? 110);
const ALL_S = Number(process.env.CHECK_ALL_S ?? 280);
const TURN_S = Number(process.env.CHECK_TURN_S ?? 20);

const seconds = (): number => performance.now() / 1000;

/** A running job. */
class Participant {
  waiting = false;
  ended = false;
  /** when it was ready first */
  readyAt: number | undefined;
  private readonly child: ChildProcess;

  constructor(readonly job: Job) {
    const out = process.env.CHECK_LOGS ?? '.';
    mkdirSync(out, { recursive: true });
    const program = job.program === 'xla' ? [process.execPath, process.argv[1]] : ['python3', 'torch_cuda.py'];
    const command = ['nice', '-n', job.first ? '0' : '10', ...program, ...job.arguments];
    this.child = spawn(command[0], command.slice(1), {
      detached: true, // a process group, so that its compilers can be stopped with it
      stdio: ['pipe', 'pipe', openSync(join(out, `${job.label}.err`), 'w')],
      env: { ...process.env, CHECK_TURNS: '1', CHECK_LABEL: job.label, ...job.variables },
    });
    this.child.stdin!.on('error', () => undefined); // it ended before its turn
    this.child.on('error', () => (this.ended = true));
    this.child.on('exit', () => (this.ended = true));
    createInterface({ input: this.child.stdout! }).on('line', line => {
      if (line !== '{"waiting":true}' && line !== '{"waiting": true}') return;
      this.waiting = true;
      this.readyAt ??= seconds();
    });
  }

  private signal(name: NodeJS.Signals): void {
    try {
      if (!this.ended && this.child.pid !== undefined) process.kill(-this.child.pid, name);
    } catch {
      /* it ended meanwhile */
    }
  }

  stop(): void {
    this.signal('SIGSTOP');
  }

  goOn(): void {
    this.signal('SIGCONT');
  }

  end(): void {
    this.signal('SIGKILL');
    this.ended = true;
  }

  /** Lets it time its next case; it is ended where that takes too long. @returns whether it was in time */
  async turn(most: number): Promise<boolean> {
    this.waiting = false;
    this.child.stdin!.write('go\n');
    const inTime = await until(() => this.waiting || this.ended, seconds() + most);
    if (!inTime) this.end();
    return inTime;
  }
}

const until = async (condition: () => boolean, deadline: number): Promise<boolean> => {
  while (!condition() && seconds() < deadline) await wait(20);
  return condition();
};

/** @param asked parts of labels; default all */
export const timesSection = async (report: Report, asked: readonly string[]): Promise<void> => {
  report({ driver: nvidiaDriver() });
  const { jobs, turns } = plan();
  const wanted = ({ label }: Job): boolean => asked.length === 0 || asked.some(part => label.includes(part));
  const all = new Map(jobs.filter(wanted).map(job => [job.label, new Participant(job)]));
  const everyone = [...all.values()];
  const last = everyone.filter(({ job }) => job.last);
  for (const participant of last) participant.stop();
  const end = ALL_S;
  try {
    const others = everyone.filter(({ job }) => !job.last);
    await until(() => others.every(({ waiting, ended }) => waiting || ended), Math.min(READY_S, end));
    const late = others.filter(({ waiting, ended }) => !waiting && !ended);
    for (const participant of late) participant.stop();
    report({
      seconds: seconds(),
      ready: Object.fromEntries(everyone.map(({ job, readyAt }) => [job.label, readyAt])),
      failed: everyone.filter(({ ended }) => ended).map(({ job }) => job.label),
      late: late.map(({ job }) => job.label),
      free_bytes: freemem(),
    });
    const missed: Participant[] = [];
    for (const label of turns) {
      const participant = all.get(label);
      if (!participant || participant.ended || participant.job.last) continue;
      if (seconds() > end) report({ no_time_for: label });
      else if (!participant.waiting) missed.push(participant);
      else if (!(await participant.turn(Math.min(TURN_S, end - seconds())))) report({ too_slow: label });
    }
    report({ seconds: seconds(), missed: missed.map(({ job }) => job.label) });
    await afterwards(report, missed, end);
    for (const participant of last) await afterwards(report, [participant], end);
  } finally {
    for (const participant of everyone) participant.end();
  }
};

/** Those that were not ready get ready now, and their turn as soon as they are, the others standing still. */
const afterwards = async (report: Report, missed: readonly Participant[], end: number): Promise<void> => {
  const open = (): Participant[] => missed.filter(({ ended }) => !ended);
  while (open().length > 0 && seconds() < end) {
    for (const participant of open()) participant.goOn();
    await until(() => open().some(({ waiting }) => waiting) || open().length === 0, end);
    const next = open().find(({ waiting }) => waiting);
    if (!next) continue;
    for (const other of open()) if (other !== next) other.stop();
    if (!(await next.turn(Math.min(TURN_S, end - seconds())))) report({ too_slow: next.job.label });
    report({ after: next.job.label, seconds: seconds() });
  }
  for (const { job } of new Set(open())) report({ no_time_for: job.label });
};
