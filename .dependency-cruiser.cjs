// The import rules of src/: imports point one way, down the layers, at whatever depth the importing file lies.

// From the ground up; a room imports only from the rows below its own.
const layers = [
  ['compute', 'text'],
  ['queue'],
  ['diffusion', 'checkpoints', 'provenance'],
  ['networks', 'datasets'],
  ['losses'],
  ['methods', 'metrics'],
  ['samplers', 'features', 'figures'],
  ['training'],
  ['models'],
  ['evaluation'],
  ['runs'],
  ['tasks'],
  ['studies'],
  ['claims', 'notebook'],
  ['command-line', 'api'],
];
const rooms = layers.flat();

const upward = layers.flatMap((row, i) =>
  row.map(room => {
    const above = layers
      .slice(i)
      .flat()
      .filter(other => other !== room);
    return {
      name: `${room}-imports-downward`,
      comment: `${room}/ imports only from the layers below it.`,
      severity: 'error',
      from: { path: `^src/${room}/` },
      to: { path: `^src/(${[...above.map(other => `${other}/`), 'index\\.ts'].join('|')})` },
    };
  }),
);

module.exports = {
  forbidden: [
    ...upward,
    {
      name: 'no-circles',
      comment: 'Two files that need each other at run time are one concept in two places.',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'graph-below-onnx-and-xla',
      comment: 'A recorded graph knows nothing of what it is written to or compiled by.',
      severity: 'error',
      from: { path: `^src/compute/graph/` },
      to: { path: `^src/compute/(onnx|xla)/` },
    },
    {
      name: 'through-the-front-door',
      comment:
        'Another room is imported through its index.ts. compute/ is the foundation and imported by file. ' +
        'datasets/pictures is loaded by the feature worker thread, which must not start all of datasets/. ' +
        'training/check-device serves one command and stays out of the names that training/ offers.',
      severity: 'error',
      from: { path: `^src/([^/]+)/` },
      to: {
        path: `^src/(${rooms.filter(room => room !== 'compute').join('|')})/`,
        pathNot: [`^src/$1/`, `^src/[^/]+/index\\.ts$`, `^src/datasets/pictures/`, `^src/training/check-device\\.ts$`],
      },
    },
    {
      name: 'losses-are-pure',
      comment: 'A loss is a formula over tensors: nothing native and no files, however far down the imports.',
      severity: 'error',
      from: { path: `^src/losses/` },
      to: {
        path: '(node_modules/(canvas|sharp|koffi|webgpu|onnxruntime-node|@tensorflow/tfjs-node)|^(node:)?(fs|child_process|worker_threads|os|path)(/|$))',
        reachable: true,
      },
    },
    {
      name: 'losses-import-formulas',
      comment: 'losses/ runs on tfjs-core, compute and diffusion; from networks it may take types.',
      severity: 'error',
      from: { path: `^src/losses/` },
      to: {
        pathNot: [`^src/(losses|compute|diffusion)/`, '@tensorflow/tfjs-core'],
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'tslab-only-in-notebook',
      severity: 'error',
      from: { path: `^src/`, pathNot: `^src/notebook/` },
      to: { path: '(^|node_modules/)tslab(/|$)' },
    },
    {
      name: 'files-are-data',
      comment: 'Nothing in a checkpoint is run.',
      severity: 'error',
      from: { path: `^src/checkpoints/` },
      to: { path: '^(node:)?(child_process|vm|worker_threads)$' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: 'specify',
    tsConfig: { fileName: 'tsconfig.json' },
  },
};
