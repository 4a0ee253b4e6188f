import { unknownName } from '../compute/check';

/**
 * The sizes at which a notebook runs: a check of every line (`smoke`), a first look in a minute or two (`tour`), two CPU
 * cores in minutes to an hour (`laptop`), the paper's (`paper`).
 */
export type Preset = 'smoke' | 'tour' | 'laptop' | 'paper';

export const PRESET_NAMES = ['smoke', 'tour', 'laptop', 'paper'] as const;

/** What a parameter of a notebook may be. */
export type ParamValue = number | string | boolean | readonly number[] | readonly string[];

/** One parameter in each preset, in the order of `PRESET_NAMES`. */
type Columns<T> = { readonly columns: readonly [smoke: T, tour: T, laptop: T, paper: T] };

const by = <T>(smoke: T, tour: T, laptop: T, paper: T): Columns<T> => ({ columns: [smoke, tour, laptop, paper] });

/** As `by`, for a notebook that the tour leaves out: it is as `laptop` there. */
const at = <T>(smoke: T, laptop: T, paper: T): Columns<T> => by(smoke, laptop, laptop, paper);

const names = (...list: string[]): readonly string[] => list;

// prettier-ignore
/** What depends on the size at which a notebook runs: one line a parameter. Table 5 and 6 of the paper under `paper`. */
const TABLES = {
  '01_quickstart': {
    images:       by(2560,                          512_000,            1_024_000,          4_096_000),
    batch:        by(256,                           512,                512,                2048),
    n:            by(500,                           2000,               2000,               10_000),
  },
  '02_two_vs_four_steps': {
    teacher:      by('digits',                      'digits',           'digits',           'edm-imagenet-64x64-cond-adm.pkl'),
    data:         by('digits',                      'digits',           'digits',           'imagenet-64x64.zip'),
    others:       by('',                            '',                 '',                 'imagenet-64x64-val.zip'),
    features:     by(names('digits'),               names('digits'),    names('digits'),    names('inception', 'dinov2')),
    reference:    by(300,                           2000,               4000,               1_281_167),
    dropout:      by(0,                             0,                  0,                  0.1),
    images:       by(16,                            1920,               9600,               200_000_000),
    batch:        by(8,                             64,                 64,                 2048),
    rounds:       by(1,                             1,                  1,                  128),
    learningRate: by(1e-4,                          1e-4,               1e-4,               4e-6),
    beta2:        by(0.999,                         0.999,              0.999,              0.99),
    eps:          by(1e-8,                          1e-8,               1e-8,               1e-12),
    emaHalflife:  by(8,                             320,                2560,               2_000_000),
    emaRampup:    by(0.5,                           0.5,                0.5,                0.05),
    R:            by(4,                             4,                  4,                  8),
    n:            by(30,                            500,                2000,               50_000),
    blocks:       by(2,                             2,                  3,                  3),
    evaluations:  by([9, 35],                       [9, 35],            [5, 9, 35],         [79, 511]),
    labels:       by([0, 1, 2, 3, 4, 5], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1, 2, 3], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1, 2, 3],
      [88, 207, 291, 360, 387, 417, 928, 933, 974, 979]),
  },
  '03_regularization_ablation': {
    coefs:        by([0.5, 1],                      [0.5, 0.75, 1],     [0.5, 0.6, 0.75, 1, 1.25, 1.5, 2], [0.5, 0.6, 0.75, 1, 1.25, 1.5, 2]),
    shown:        by([0.5, 1],                      [0.5, 0.75, 1],     [0.5, 0.75, 1],     [0.5, 0.75, 1]),
    seeds:        by([0],                           [0, 1],             [0, 1, 2],          [0]),
    pointsImages: by([512, 1024], [16_000, 32_000, 64_000, 128_000], [32_000, 64_000, 128_000, 256_000, 512_000], [128_000, 256_000, 512_000, 1_024_000]),
    pointsBatch:  by(256,                           512,                512,                512),
    pointsRate:   by(2e-4,                          1e-4,               1e-4,               1e-4),
    pointsN:      by(400,                           1000,               2000,               20_000),
    teacher:      by('digits',                      'digits',           'digits',           'edm2-img512-l-1879048-0.155.pkl'),
    data:         by('digits',                      'digits',           'digits',           'img512-sd.zip'),
    real:         by('',                            '',                 '',                 'img512.zip'),
    autoencoder:  by('',                            '',                 '',                 'vae_decoder.onnx'),
    features:     by(names('digits'),               names('digits'),    names('digits'),    names('dinov2')),
    reference:    by(300,                           2000,               4000,               1_231_167),
    dropout:      by(0,                             0,                  0,                  0.1),
    imageCoefs:   by([0.5, 1],                      [0.5, 0.75, 1],     [0.5, 0.75, 1],     [0.5, 0.75, 1]),
    images:       by([8, 16], [160, 320],           [320, 640, 1280, 2560], [204_800, 1_024_000, 2_048_000, 4_096_000]),
    n:            by(30,                            500,                1000,               50_000),
    batch:        by(8,                             64,                 64,                 2048),
    rounds:       by(1,                             1,                  1,                  64),
    learningRate: by(1e-4,                          1e-4,               1e-4,               1e-4),
    beta2:        by(0.999,                         0.999,              0.999,              0.99),
    eps:          by(1e-8,                          1e-8,               1e-8,               1e-12),
    emaHalflife:  by(64,                            512,                512,                2_000_000),
    emaRampup:    by(0.05,                          0.05,               0.05,               0.05),
  },
  '04_metrics_on_real_data': {
    features:     at(names('mobilenet'),            names('mobilenet'),           names('inception', 'dinov2')),
    sizes:        at([50, 100, 200], [100, 250, 500, 1000, 2500, 5000], [500, 1000, 2500, 5000, 10_000]),
    blocks:       at(2,                             4,                            4),
    n:            at(100,                           1000,                         1000),
    levels:       at(2,                             5,                            5),
    most:         at(1500,                          10_000,                       0),
  },
  '05_methods': {
    seeds:          at([0],                         [0, 1, 2],                    [0]),
    evaluations:    at([1, 9],                      [1, 3, 5, 9, 17, 35],         [1, 3, 5, 9, 17, 35]),
    costIterations: at(1,                           9,                            9),
    layers:         at([6],                         [8, 16],                      [8, 16]),
    pointsMethods:  at(names('cosim', 'moments4'), names('cosim', 'pseudoHuber', 'sid', 'sidOne', 'hsivi', 'moments2', 'moments4'),
      names('cosim', 'pseudoHuber', 'sid', 'sidOne', 'hsivi', 'moments2', 'moments4')),
    pointsImages:   at([64], [64_000, 128_000, 256_000, 512_000], [512_000, 1_024_000, 2_048_000]),
    pointsSlow:     at([64],                        [6400, 12_800, 25_600, 51_200], [51_200, 102_400, 204_800]),
    pointsBatch:    at(64,                          512,                          512),
    pointsRate:     at(1e-4,                        1e-4,                         1e-4),
    pointsHalflife: at(64,                          5120,                         5120),
    pointsN:        at(200,                         2000,                         20_000),
    teacher:        at('digits',                    'digits',                     'edm-cifar10-32x32-uncond-vp.pkl'),
    data:           at('digits',                    'digits',                     'cifar10'),
    others:         at('',                          '',                           ''),
    features:       at(names('digits'),             names('digits'),              names('inception', 'dinov2')),
    reference:      at(300,                         4000,                         50_000),
    dropout:        at(0,                           0,                            0),
    methods:        at(names('cosim', 'sid'), names('cosim', 'sid', 'hsivi', 'moments4'),
      names('cosim', 'sid', 'sidOne', 'hsivi', 'moments2', 'moments4')),
    images:         at([8],                         [3200, 9600],                 [1_024_000, 4_096_000, 20_000_000, 200_000_000]),
    slowImages:     at([8],                         [320, 960],                   [102_400, 409_600, 2_000_000, 20_000_000]),
    batch:          at(8,                           64,                           2048),
    rounds:         at(1,                           1,                            32),
    learningRate:   at(1e-4,                        1e-4,                         1e-5),
    beta2:          at(0.999,                       0.999,                        0.999),
    eps:            at(1e-8,                        1e-8,                         1e-8),
    emaHalflife:    at(8,                           2560,                         500_000),
    emaRampup:      at(0.5,                         0.5,                          0.05),
    n:              at(30,                          2000,                         50_000),
  },
  '06_conditional': {
    teacher:      at('digits',                      'digits',                     'edm-imagenet-64x64-cond-adm.pkl'),
    data:         at('digits',                      'digits',                     'imagenet-64x64.zip'),
    others:       at('',                            '',                           'imagenet-64x64-val.zip'),
    features:     at(names('digits'),               names('digits'),              names('inception', 'dinov2')),
    reference:    at(300,                           4000,                         1_281_167),
    dropout:      at(0,                             0,                            0.1),
    images:       at(16,                            9600,                         200_000_000),
    batch:        at(8,                             64,                           2048),
    rounds:       at(1,                             1,                            128),
    learningRate: at(1e-4,                          1e-4,                         4e-6),
    beta2:        at(0.999,                         0.999,                        0.99),
    eps:          at(1e-8,                          1e-8,                         1e-12),
    emaHalflife:  at(8,                             2560,                         2_000_000),
    emaRampup:    at(0.5,                           0.5,                          0.05),
    R:            at(4,                             4,                            8),
    seeds:        at([0, 1],                        [0, 1, 2],                    [0]),
    steps:        at([1, 2, 4],                     [1, 2, 4, 6],                 [1, 2, 4, 6]),
    n:            at(30,                            2000,                         50_000),
    evaluations:  at([9],                           [5, 9, 35],                   [79, 511, 999]),
    rows:         at(2,                             4,                            4),
    classifier:   at('',                            '',                           'imagenet-classifier.onnx'),
    classes:      at([0, 1, 2, 3, 4, 5, 6, 7, 8, 9], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9], [88, 207, 291, 360, 387, 417, 928, 933, 974, 979]),
    perClass:     at(6,                             100,                          500),
  },
  '07_latents': {
    teachers:     at(names('latents-s', 'latents-l'), names('latents-s', 'latents-m', 'latents-l'),
      names('edm2-img512-s-2147483-0.190.pkl', 'edm2-img512-m-2147483-0.155.pkl', 'edm2-img512-l-1879048-0.155.pkl')),
    guide:        at('latents-s',                   'latents-s',                  'edm2-img512-xs-2147483-0.200.pkl'),
    dropout:      at([0, 0],                        [0, 0, 0],                    [0, 0.1, 0.1]),
    data:         at('',                            '',                           'img512-sd.zip'),
    real:         at('',                            '',                           'img512.zip'),
    autoencoder:  at('digits',                      'digits',                     'vae_decoder.onnx'),
    features:     at(names('digits'),               names('digits'),              names('dinov2', 'inception')),
    reference:    at(120,                           2000,                         1_231_167),
    seeds:        at([0],                           [0, 1, 2],                    [0]),
    images:       at(16,                            9600,                         200_000_000),
    batch:        at(8,                             64,                           2048),
    rounds:       at(1,                             1,                            64),
    learningRate: at(2e-2,                          2e-2,                         2e-5),
    beta1:        at(0,                             0,                            0),
    beta2:        at(0.99,                          0.99,                         0.99),
    eps:          at(1e-8,                          1e-8,                         1e-12),
    emaHalflife:  at(8,                             1280,                         2_000_000),
    emaRampup:    at(0.5,                           0.5,                          0.05),
    table5:       at(names(),                       names(),                      names('img512-s', 'img512-m', 'img512-l')),
    n:            at(30,                            500,                          50_000),
    evaluations:  at([9],                           [9, 35],                      [63]),
    blocks:       at(1,                             3,                            1),
    columns:      at(6,                             12,                           12),
    guidance:     at([1, 1.5],                      [0.5, 1, 1.5, 2, 3],          [1, 1.4, 1.9, 2.4]),
    guidanceEvaluations: at(9,                      17,                           63),
    emaImages:    at([32, 64],                      [6400, 19_200],               [134_217_728, 2_147_483_648]),
    emaBatch:     at(8,                             64,                           2048),
    emaRate:      at(4e-2,                          4e-2,                         1e-2),
    emaSnapshots: at(4,                             12,                           64),
    emaStds:      at([0.05, 0.15], [0.03, 0.05, 0.08, 0.12, 0.18, 0.25], [0.05, 0.1, 0.13, 0.19, 0.25]),
    emaEvaluations: at(9,                           17,                           63),
    emaN:         at(30,                            300,                          50_000),
  },
  '08_theory': {
    alphas:       at([0.8, 1.2],                    [0.8, 1, 1.2],                [0.8, 1, 1.2]),
    coefs:        at(13,                            33,                           33),
    trainedCoefs: at([1],                           [0.5, 0.75, 1],               [0.5, 0.75, 1]),
    trainSteps:   at(60,                            400,                          2000),
    seeds:        at([0, 1],                        [0, 1, 2],                    [0, 1, 2, 3, 4]),
    nodes:        at(121,                           241,                          401),
    nodes2:       at(15,                            31,                           45),
    n:            at(500,                           10_000,                       50_000),
    levels:       at(4,                             10,                           24),
    points:       at(151,                           601,                          1201),
    side:         at(7,                             13,                           19),
    sizes:        at(4,                             10,                           30),
    steps:        at(4,                             14,                           16),
    deviations:   at([0.25, 0.4],                   [0.15, 0.2, 0.25, 0.3, 0.4],  [0.15, 0.2, 0.25, 0.3, 0.35, 0.4]),
  },
  '09_sampling_times': {
    seeds:        at([0, 1],                        [0, 1, 2],                    [0]),
    scales:       at([0.25, 1, 4], [0.0625, 0.125, 0.25, 0.5, 1, 2, 4, 8, 16], [0.0625, 0.125, 0.25, 0.5, 1, 2, 4, 8, 16]),
    blocks:       at(1,                             3,                            3),
    pointsSteps:  at([2],                           [2, 4],                       [2, 4, 6]),
    pointsImages: at(64,                            512_000,                      2_048_000),
    pointsBatch:  at(64,                            512,                          512),
    pointsHalflife: at(64,                          5120,                         5120),
    pointsSearchN: at(100,                          2000,                         10_000),
    pointsN:      at(100,                           2000,                         20_000),
    pointsRounds: at(1,                             2,                            3),
    teacher:      at('digits',                      'digits',                     'edm-cifar10-32x32-uncond-vp.pkl'),
    data:         at('digits',                      'digits',                     'cifar10'),
    others:       at('',                            '',                           ''),
    features:     at(names('digits'),               names('digits'),              names('inception', 'dinov2')),
    reference:    at(300,                           4000,                         50_000),
    dropout:      at(0,                             0,                            0),
    images:       at(16,                            9600,                         200_000_000),
    batch:        at(8,                             64,                           2048),
    rounds:       at(1,                             1,                            32),
    learningRate: at(1e-4,                          1e-4,                         1e-5),
    beta2:        at(0.999,                         0.999,                        0.999),
    eps:          at(1e-8,                          1e-8,                         1e-8),
    emaHalflife:  at(8,                             2560,                         500_000),
    emaRampup:    at(0.5,                           0.5,                          0.05),
    steps:        at([2],                           [2, 4],                       [2, 4, 6]),
    searchN:      at(20,                            256,                          10_000),
    n:            at(20,                            1000,                         50_000),
    searchRounds: at(1,                             1,                            3),
  },
  '10_your_ablation': {
    images:       by(256,                           32_000,             64_000,             1_024_000),
    batch:        by(64,                            512,                512,                512),
    n:            by(200,                           1000,               2000,               20_000),
    seeds:        by([0],                           [0, 1],             [0, 1, 2],          [0, 1, 2]),
  },
  '11_your_data': {
    pictures:     by(60,                            600,                1200,               60_000),
    teacherImages: by(64,                           6400,               12_800,             20_000_000),
    images:       by(16,                            1280,               3200,               20_000_000),
    batch:        by(8,                             32,                 32,                 512),
    n:            by(20,                            200,                400,                10_000),
    evaluations:  by([9],                           [9, 35],            [9, 35],            [35, 79]),
  },
};

type Tables = typeof TABLES;

/** The notebooks that have presets, by file name. */
export type NotebookName = keyof Tables;

/** The values of a notebook that depend on its preset. */
export type PresetValues<N extends NotebookName> = {
  -readonly [K in keyof Tables[N]]: Tables[N][K] extends Columns<infer V> ? V : never;
};

const columnsOf = (name: string): [string, readonly ParamValue[]][] => {
  if (!Object.hasOwn(TABLES, name)) throw unknownName('params', 'notebook', name, Object.keys(TABLES));
  return Object.entries(TABLES[name as NotebookName]).map(([key, { columns }]) => [key, columns]);
};

/**
 * The values of one preset of a notebook.
 * @throws ArgumentError for a notebook without presets, naming the nearest.
 */
export const presetValues = <N extends NotebookName>(name: N, preset: Preset): PresetValues<N> =>
  Object.fromEntries(
    columnsOf(name).map(([key, columns]) => [key, columns[PRESET_NAMES.indexOf(preset)]]),
  ) as PresetValues<N>;

const textOf = (value: ParamValue): string => {
  if (typeof value === 'object') return value.join(', ');
  return typeof value === 'number' && value >= 1e4 ? value.toLocaleString('en-US') : String(value);
};

/**
 * The presets of a notebook side by side, one row a parameter, as its table shows them.
 * @example
 * show(table(presetRows('01_quickstart')));
 */
export const presetRows = (name: NotebookName): Record<'parameter' | Preset, string>[] =>
  columnsOf(name).map(([parameter, columns]) => {
    const [smoke, tour, laptop, paper] = columns.map(textOf);
    return { parameter, smoke, tour, laptop, paper };
  });
