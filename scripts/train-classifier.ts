/* npm run teacher -- classifier: trains the digit classifier and writes its weights and its card, a few minutes. */
import { createHash } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { saveTensors, writeFileAtomic } from '../src/checkpoints';
import { selectBackend } from '../src/compute/backend';
import { digitClassifier } from '../src/features';
import { provenance, type Provenance } from '../src/figures/provenance';
import type { ClassificationReport } from '../src/metrics';
import {
  CLASSIFIER,
  CLASSIFIER_ADAM,
  CLASSIFIER_FILE,
  evaluateClassifier,
  loadClassifier,
  trainClassifier,
} from '../src/models/classifier';
import { parameterCount } from '../src/networks';

const cardFile = (extension: 'json' | 'md'): string => CLASSIFIER_FILE.replace(/safetensors$/, extension);
const percent = (share: number): string => `${(100 * share).toFixed(2)} %`;

type Facts = { made: Provenance; seconds: number; sha256: string; test: ClassificationReport };

const cardOf = ({ made, seconds, sha256, test }: Facts) => ({
  ...made,
  command: 'npm run teacher -- classifier',
  weights: { file: basename(CLASSIFIER_FILE), sha256 },
  architecture: {
    summary:
      'three 3x3 convolutions (16, 32, 64 channels) with 2x2 means between them, a hidden layer of 64 features, a linear layer to 10 classes; silu',
    parameters: parameterCount(digitClassifier.parameters),
    shapes: Object.fromEntries(digitClassifier.parameters.map(({ name, shape }) => [name, shape])),
  },
  training: {
    data: `drawn digits 16x16x1, training split of seed ${CLASSIFIER.seed}, in order`,
    ...CLASSIFIER,
    ...CLASSIFIER_ADAM,
    schedule: 'half a cosine to 0',
    loss: 'softmax cross-entropy',
    seconds,
  },
  test: { data: `the first ${test.n} drawn digits of the test split of seed ${CLASSIFIER.seed}`, ...test },
});

/** The facts of `digit-classifier.json`. */
export type Card = ReturnType<typeof cardOf>;

/** The card that people read, from the one that programs read. */
export const markdownOf = ({
  command,
  weights,
  architecture,
  training,
  test,
  ...made
}: Card): string => `# Digit classifier

Names drawn digits (16x16x1, values in [-1, 1]); its 64 features are where the Fréchet distance of digits is taken. It
knows drawn digits only and is no reader of real handwriting. Written by \`${command}\` from \`digit-classifier.json\`.

| | |
| --- | --- |
| architecture | ${architecture.summary} |
| parameters | ${architecture.parameters} |
| data | ${training.data} |
| training | ${training.images} images, each seen once, batches of ${training.batch}; ${training.loss}; Adam (${training.beta1}, ${training.beta2}), learning rate ${training.learningRate}, ${training.schedule} |
| seed | ${training.seed} |
| time | ${training.seconds} s on ${made.machine.cpu} (${made.machine.cores} cores), ${made.backend}, Node ${made.node} |
| made | ${made.date.slice(0, 10)}, commit ${made.commit} |
| weights | \`${weights.file}\`, SHA-256 \`${weights.sha256}\` |

Test accuracy **${percent(test.accuracy)}** on ${test.data}.

| digit | n | accuracy | most often taken for (times) |
| --- | --- | --- | --- |
${test.confusion
  .map((answers, label) => {
    const others = answers.map((count, answer) => (answer === label ? 0 : count));
    const most = Math.max(...others);
    const n = answers.reduce((a, b) => a + b);
    return `| ${label} | ${n} | ${percent(answers[label] / n)} | ${most > 0 ? `${others.indexOf(most)} (${most})` : 'none'} |`;
  })
  .join('\n')}
`;

/** Trains, writes `digit-classifier.safetensors`, tests what was written, and writes the card as JSON and Markdown. */
export const makeClassifier = async (): Promise<void> => {
  const backend = await selectBackend();
  const made = provenance({ preset: 'classifier', seeds: [CLASSIFIER.seed] }); // before the files below change the tree
  console.log(`classifier on ${backend.name}: ${CLASSIFIER.images} images`);
  await mkdir(dirname(CLASSIFIER_FILE), { recursive: true });
  const stop = new AbortController();
  process.once('SIGINT', () => stop.abort(new Error('stopped; nothing was written')));
  const start = performance.now();
  const elapsed = (): number => Math.round((performance.now() - start) / 1000);
  const trained = await trainClassifier({
    signal: stop.signal,
    onStep: ({ step, images, loss }) => {
      if (step % 25 === 0 || images === CLASSIFIER.images)
        console.log(`step ${step}  ${images} images  loss ${loss.toFixed(4)}  ${elapsed()} s`);
    },
  });
  const seconds = elapsed();
  await saveTensors(CLASSIFIER_FILE, trained);
  const sha256 = createHash('sha256')
    .update(await readFile(CLASSIFIER_FILE))
    .digest('hex');
  const card = cardOf({ made, seconds, sha256, test: await evaluateClassifier(await loadClassifier()) });
  await writeFileAtomic(cardFile('json'), `${JSON.stringify(card, null, 1)}\n`);
  await writeFileAtomic(cardFile('md'), markdownOf(card));
  console.log(
    `test accuracy ${percent(card.test.accuracy)} (n = ${card.test.n}); wrote ${CLASSIFIER_FILE} and its card`,
  );
};
