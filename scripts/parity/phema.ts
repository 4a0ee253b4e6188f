import {
  averageCorrelation,
  emaBeta,
  gammaOfStd,
  learningRateAt,
  postHocWeights,
  powerEmaBeta,
  powerProfile,
  stdOfGamma,
} from '../../src/training';
import type { Fixture } from './fixture';
import { array, type Measure, scalar, TYPICAL } from './measure';

type Row = Record<string, number>;
type PostHoc = {
  in_ofs: number[];
  in_std: number[] | number;
  out_ofs: number;
  out_std: number[] | number;
  coefficients: number[][];
  condition: number;
};
type Tracking = {
  batch_size: number;
  stds: number[];
  traditional: { halflife_Mimg: number; rampup_ratio: number };
  initial: number[];
  steps: ({ cur_nimg: number; weight: number[] } & Record<string, number[]>)[];
};

/** The averages of a recorded sequence of weights, updated after each. */
const tracking = ({ batch_size: batch, stds, traditional, initial, steps }: Tracking): Measure[] => {
  const measures: Measure[] = [];
  const follow = (key: string, beta: (seen: number) => number): void => {
    let average = Float32Array.from(initial);
    for (const step of steps) {
      const b = beta(step.cur_nimg);
      average = average.map((v, i) => v + (1 - b) * (step.weight[i] - v));
      measures.push(array(`${key} at ${step.cur_nimg}`, average, step[key], 1e-7));
    }
  };
  for (const std of stds) follow(`ema_${std.toFixed(2).replace('.', '_')}`, seen => powerEmaBeta(std, seen, batch));
  const { halflife_Mimg: halflife, rampup_ratio: rampup } = traditional;
  follow('traditional', seen => emaBeta(seen, batch, { halflife: halflife * 1e6, rampup }));
  return measures;
};

/** A list of the record, empty where it is not there. */
const rows = <T>(list: unknown): T[] => (list ?? []) as T[];

/** phema/: exponents, decays, profiles and post-hoc weights of power-function averages, in float64. */
export const phema = (fixture: Fixture): Promise<Measure[]> => {
  const { json } = fixture;
  if (!String(json.kind).startsWith('post-hoc EMA')) throw new Error(`unknown kind '${String(json.kind)}'`);
  const floor = TYPICAL.float64;
  const measures: Measure[] = [];
  for (const [std, gamma] of rows<number[]>(json.std_to_exp))
    measures.push(scalar(`gamma of ${std}`, gammaOfStd(std), gamma, floor));
  for (const [gamma, std] of rows<number[]>(json.exp_to_std))
    measures.push(scalar(`std of ${gamma}`, stdOfGamma(gamma), std, floor));
  for (const { std, t_next: seen, t_delta: batch, beta } of rows<Row>(json.betas))
    measures.push(scalar(`beta of ${std} at ${seen}`, powerEmaBeta(std, seen, batch), beta, floor));
  for (const { a_ofs, a_std, b_ofs, b_std, value } of rows<Row>(json.correlation))
    measures.push(
      scalar(
        `correlation at ${a_ofs}, ${b_ofs}`,
        averageCorrelation({ images: a_ofs, std: a_std }, { images: b_ofs, std: b_std }),
        value,
        floor,
      ),
    );
  rows<PostHoc>(json.posthoc).forEach(({ in_ofs, in_std, out_ofs, out_std, coefficients, condition }, i) => {
    const stored = in_ofs.map((images, k) => ({ images, std: Array.isArray(in_std) ? in_std[k] : in_std }));
    [out_std].flat().forEach((std, column) => {
      const ours = postHocWeights(stored, { images: out_ofs, std });
      const theirs = coefficients.map(row => row[column]);
      measures.push(array(`post-hoc ${i} to ${std}`, ours, theirs, condition * Number.EPSILON)); // of a linear solve
    });
  });
  for (const { ofs, std, len, values } of rows<Row & { values: number[] }>(json.response && [json.response]))
    measures.push(array('profile', powerProfile(ofs, std, len), values, floor));
  for (const row of rows<Row>(json.learning_rate_schedule))
    measures.push(
      scalar(
        `learning rate at ${row.cur_nimg}`,
        learningRateAt(row.cur_nimg, row.batch_size, {
          reference: row.ref_lr,
          referenceBatches: row.ref_batches,
          rampup: row.rampup_Mimg * 1e6,
        }),
        row.lr,
        floor,
      ),
    );
  const tracked = rows<Tracking>(json.tracking && [json.tracking]).flatMap(tracking);
  return Promise.resolve([...measures, ...tracked]);
};
