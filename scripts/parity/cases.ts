import { existsSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { ckpt } from './ckpt';
import { cosim } from './cosim';
import { counts } from './counts';
import { type Fixture, openFixture } from './fixture';
import { grad } from './grad';
import { loss } from './loss';
import type { Measure } from './measure';
import { metrics } from './metrics';
import { net } from './net';
import { phema } from './phema';
import { sampler } from './sampler';
import { sid } from './sid';

/** What measures a kind of case, by the folder that the kind lies in: a new kind is one file and one line here. */
const KINDS: Record<string, (fixture: Fixture) => Promise<Measure[]>> = {
  net,
  grad,
  loss,
  sampler,
  sid,
  cosim,
  metrics,
  phema,
  counts,
  ckpt,
};

/** A case and what came of it. */
export type CaseResult = { kind: string; name: string; measures: Measure[]; problem?: string };

/** The cases of a folder laid out as `kind/name.json`, or of a single kind's folder. */
export const findCases = (folder: string): string[] => {
  const jsons = (dir: string): string[] =>
    readdirSync(dir)
      .filter(name => name.endsWith('.json'))
      .sort()
      .map(name => join(dir, name));
  if (!existsSync(folder)) throw new Error(`${folder}: no such folder`);
  if (basename(folder) in KINDS) return jsons(folder);
  const kinds = readdirSync(folder, { withFileTypes: true }).filter(entry => entry.isDirectory());
  return kinds
    .map(({ name }) => join(folder, name))
    .sort()
    .flatMap(jsons);
};

/** Runs one case on the current backend; leaves no tensor behind. A kind that is not known is a problem of its own. */
export const runCase = async (path: string): Promise<CaseResult> => {
  const kind = basename(join(path, '..'));
  const name = basename(path, '.json');
  tf.engine().startScope();
  try {
    if (!(kind in KINDS)) throw new Error(`unknown kind of case '${kind}'; known: ${Object.keys(KINDS).join(', ')}`);
    const measures = await KINDS[kind](await openFixture(path));
    if (measures.length === 0) throw new Error('nothing in it is known');
    return { kind, name, measures };
  } catch (error) {
    return { kind, name, measures: [], problem: (error as Error).message };
  } finally {
    tf.engine().endScope([]);
  }
};
