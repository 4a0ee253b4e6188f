import { fail } from '../compute/check';
import type { Dataset } from '../datasets';
import type { Method } from '../methods';

/**
 * Checks that a generator can be taught its teacher's classes. Runs that were begun without go on.
 * @throws ArgumentError for a teacher of classes that the generator has not
 */
export const expectTaughtClasses = (where: string, { denoisers: { theta, phi } }: Method): void => {
  const [taught, classes] = [theta?.classes ?? 0, phi?.classes ?? 0];
  if (taught > 0 && taught !== classes) fail(where, "the generator's classes", `${taught} as the teacher's`, classes);
};

/**
 * Checks that a method's networks and a data set belong together.
 * @throws ArgumentError for samples of another shape than a network's, other classes than the generator's, or fewer samples
 * than a batch has.
 */
export const expectDataFits = (
  where: string,
  { denoisers }: Method,
  dataset: Dataset,
  { batch }: { batch: number },
): void => {
  for (const [role, { sampleShape }] of Object.entries(denoisers))
    if (sampleShape.join() !== dataset.sampleShape.join())
      fail(
        where,
        `samples of '${dataset.name}'`,
        `of shape [${sampleShape.join(', ')}] as ${role}'s`,
        dataset.sampleShape,
      );
  const classes = denoisers.phi?.classes ?? 0;
  if (classes > 0 && dataset.classes !== classes)
    fail(where, `classes of '${dataset.name}'`, String(classes), dataset.classes);
  if (dataset.length < batch) fail(where, 'batch', `at most the ${dataset.length} samples of '${dataset.name}'`, batch);
};
