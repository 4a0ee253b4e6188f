/* What is timed on a card, in which order, and by which processes. */

/** A process that gets ready, then times its cases, each when it is its turn. */
export type Job = {
  label: string;
  program: 'xla' | 'torch';
  /** of check-gpu.cjs, or of torch_cuda.py */
  arguments: readonly string[];
  variables: Readonly<Record<string, string>>;
  /** it gets the processors before the others while all get ready: its compile time is stated */
  first?: boolean;
  /** it begins when all others have had their turn, each of these alone: beside others the card's memory is too small */
  last?: boolean;
};

/** In order of importance. */
const CASES = [
  'unet-cosim@64',
  'unet-cosim@256',
  'unet-cosim@1024',
  'cifar-cosim@64',
  'mlp-cosim@1024',
  'unet-edm@64',
  'cifar-edm@64',
  'unet-edm@256',
  'unet-edm@1024',
  'mlp-cosim@64',
  'mlp-cosim@256',
  'sample-unet@1024',
  'cifar-forward@64',
  'cifar-edm@256',
  'cifar-cosim@256',
];
const HALF = ['cifar-cosim@64', 'unet-cosim@256'];
const AS_RUN = ['unet-cosim@64', 'cifar-cosim@64', 'mlp-cosim@1024'];

/** What XLA made of these is kept. */
const DUMPED = ['unet-cosim@64', 'unet-cosim@256', 'mlp-cosim@1024'];

/** XLA's options that may let a step launch less, each tried with one case. */
const FLAGS = {
  'graphs-of-all': '--xla_gpu_enable_command_buffer=FUSION,CUBLAS,CUBLASLT,CUSTOM_CALL,CUDNN,CONDITIONAL,WHILE',
  'small-graphs': '--xla_gpu_graph_min_graph_size=1',
  'no-graphs': '--xla_gpu_enable_command_buffer=',
};

const named = (...parts: readonly string[]): string => parts.join('-').replaceAll(/[@:]/g, '-');

const xla = (section: string, text: string, variables: Job['variables'] = {}, label = ''): Job => ({
  label: named(section, text, ...(label === '' ? [] : [label])),
  program: 'xla',
  arguments: [section, text],
  variables,
});

const torch = (how: string, precision: string, cases: readonly string[]): Job => ({
  label: named('torch', how, precision, ...(cases.length === 1 ? cases : [])),
  program: 'torch',
  arguments: [how, precision, ...cases],
  variables: {},
});

const onXla = (text: string): Job => ({
  ...xla(
    /^(sample|cifar-forward)/.test(text) ? 'inference' : 'speed',
    `${text}:tf32`,
    DUMPED.includes(text)
      ? { XLA_FLAGS: `--xla_dump_to=${process.env.CHECK_LOGS ?? '.'}/dump-${named(text)} --xla_dump_hlo_as_text` }
      : {},
  ),
  first: text === 'cifar-cosim@64',
});

/** Training the large network takes torch.compile minutes as a whole. */
const compiled = (text: string): Job => ({
  ...torch(/^cifar-(edm|cosim)/.test(text) ? 'blocks' : 'compile', 'tf32', [text]),
  last: /^cifar-(edm|cosim)@256/.test(text), // it runs steps to get ready
});

/**
 * Processes, and their labels in the order of their turns: one that times several cases has several turns. A case's times
 * on XLA, in PyTorch, and in PyTorch compiled follow one another, but for those that come last.
 */
export const plan = (): { jobs: Job[]; turns: string[] } => {
  const [eager, half] = [torch('eager', 'tf32', CASES), torch('eager', 'bf16', HALF)];
  const order: Job[] = [
    ...CASES.flatMap(text => [onXla(text), eager, compiled(text)]),
    ...HALF.flatMap(text => [xla('speed', `${text}:bf16`), half]),
    xla('speed', 'unet-cosim@64:float32'),
    ...AS_RUN.map(text => xla('run', `${text}:tf32`)),
    ...Object.entries(FLAGS).map(([label, flags]) =>
      xla('speed', 'unet-cosim@64:tf32', { XLA_FLAGS: flags, CHECK_VARIANT: label }, label),
    ),
  ];
  return { jobs: [...new Set(order)], turns: order.map(({ label }) => label) };
};
