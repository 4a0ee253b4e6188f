import { ArgumentError } from '../compute/check';
import type { FeatureIdentity } from './feature-extractor';

/** Something made of features, with what is known of them. */
export type WithFeatures = {
  /** Absent: unknown. */
  features?: FeatureIdentity;
};

const describe = ({ name, d, sha256, preprocessing }: FeatureIdentity): string =>
  `${name} (${d} numbers, weights ${sha256.slice(0, 12)}, ${preprocessing})`;

/**
 * True when both are known to be of the same features, false when it is not known of one or of both: say so beside the
 * result.
 * @throws ArgumentError naming both where they are not
 */
export const expectSameFeatures = (where: string, a: WithFeatures, b: WithFeatures): boolean => {
  if (!a.features || !b.features) return false;
  const [x, y] = [a.features, b.features];
  if (x.name === y.name && x.d === y.d && x.sha256 === y.sha256 && x.preprocessing === y.preprocessing) return true;
  throw new ArgumentError(
    `${where}: both sets must be of the same features, got ${describe(x)} and ${describe(y)}; such numbers do not compare`,
  );
};
