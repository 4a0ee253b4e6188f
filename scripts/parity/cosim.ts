import { emaBeta } from '../../src/training';
import { cosimStep } from './cosim-step';
import { cosimTrain } from './cosim-train';
import type { Fixture } from './fixture';
import { type Measure, scalar, TYPICAL } from './measure';

type Row = Record<'cur_nimg' | 'batch_size' | 'ema_halflife_kimg' | 'beta', number> & {
  ema_rampup_ratio: number | null;
};

/** cosim/: the two losses and their gradients, a few training steps, EDM's decay of the average. */
export const cosim = (fixture: Fixture): Promise<Measure[]> => {
  const { json } = fixture;
  if (json.lambdas) return cosimStep(fixture);
  if (json.steps) return cosimTrain(fixture);
  if (!json.table) throw new Error(`unknown kind '${String(json.kind)}'`);
  const measures = (json.table as Row[]).map(({ cur_nimg: seen, batch_size: batch, ...row }) => {
    const options = { halflife: row.ema_halflife_kimg * 1000, rampup: row.ema_rampup_ratio ?? Infinity };
    return scalar(`beta at ${seen} of ${batch}`, emaBeta(seen, batch, options), row.beta, TYPICAL.float64);
  });
  return Promise.resolve(measures);
};
