import tseslint from 'typescript-eslint';

// Rooms from the ground up; a room imports only from the rows below its own (design: imports point one way).
const rooms = [
  ['compute'],
  ['provenance'],
  ['diffusion', 'checkpoints'],
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
  ['command-line'],
];
const oneWay = rooms.flatMap((row, i) =>
  row.map(room => {
    const above = rooms
      .slice(i)
      .flat()
      .filter(other => other !== room);
    const patterns = above.map(other => ({
      group: [`../${other}`, `../${other}/*`, '../index'],
      message: `${room}/ may not import from ${other}/: imports point one way (eslint.config.mjs, "rooms").`,
    }));
    if (room !== 'notebook') patterns.push({ group: ['tslab'], message: 'Only notebook/ knows tslab.' });
    if (room === 'checkpoints')
      patterns.push({
        group: ['*child_process', '*vm', '*worker_threads'],
        message: 'Files are data: nothing in them is run.',
      });
    return { files: [`src/${room}/**/*.ts`], rules: { 'no-restricted-imports': ['error', { patterns }] } };
  }),
);

export default tseslint.config(
  { ignores: ['dist/', 'node_modules/', 'data/', 'figures/', 'docs/', 'runs/**', 'notebooks/runs/**', '**/*.mjs', '**/*.js'] },
  ...tseslint.configs.recommendedTypeChecked,
  ...tseslint.configs.stylisticTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      eqeqeq: 'error',
      'prefer-const': 'error',
      '@typescript-eslint/consistent-type-definitions': ['error', 'type'],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/prefer-for-of': 'off', // index loops over several arrays at once are the norm here
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true, allowArray: true },
      ],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
    },
  },
  {
    files: ['src/**/*.ts'],
    rules: {
      'no-console': 'error',
      'no-eval': 'error',
      'no-new-func': 'error',
      '@typescript-eslint/explicit-module-boundary-types': 'error',
    },
  },
  // node:test returns promises nobody needs to await
  { files: ['test/**/*.ts'], rules: { '@typescript-eslint/no-floating-promises': 'off' } },
  ...oneWay,
);
