// Makes the project ready to use: system packages, npm packages, dist/, the kernelspec. Runs before node_modules exists,
// so it uses Node alone. Doing it again changes nothing and takes less than a second. `--tests`: what they need, too.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, isBuilt } from './build.mjs';

const root = fileURLToPath(new URL('..', import.meta.url)).replace(/[\\/]$/, '');
const say = text => console.log(`setup: ${text}`);
const readJson = path => JSON.parse(readFileSync(path, 'utf8'));

/** Stops with a message that says what the user can do. */
class SetupError extends Error {}

const run = (command, args, options = {}) => spawnSync(command, args, { cwd: root, encoding: 'utf8', ...options });
const works = (command, ...args) => run(command, args, { stdio: 'ignore' }).status === 0;

const checkNode = () => {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 19))
    throw new SetupError(`Node ${process.versions.node} cannot run this project: install Node 20.19 or later.`);
};

/** Prints "nbclient-version" when a Python has all that notebooks need; finding a module is quicker than importing it. */
const PROBE = `
from importlib.metadata import version
from importlib.util import find_spec
import sys
ok = find_spec('nbconvert') and (find_spec('notebook') or find_spec('jupyterlab'))
sys.exit(0 if ok and tuple(map(int, version('nbclient').split('.')[:2])) >= (0, 7) else 1)
`;

/** The Python that has Jupyter: the system's first, since a version manager's may come before it on PATH without one. */
const findPython = () =>
  [process.env.COSIM_PYTHON, '/usr/bin/python3', 'python3', 'python'].find(name => name && works(name, '-c', PROBE));

const hasFont = () => {
  if (process.platform !== 'linux') return true;
  const folders = ['/usr/share/fonts', '/usr/local/share/fonts', join(process.env.HOME ?? '', '.fonts')];
  return folders.some(
    folder => existsSync(folder) && readdirSync(folder, { recursive: true }).some(name => /\.(ttf|otf)$/i.test(name)),
  );
};

const hasCanvas = () => works(process.execPath, '-e', "require('canvas')");

/** True when every package of the lockfile is installed in its version; those marked optional may be absent. */
const hasModules = () => {
  const installed = join(root, 'node_modules', '.package-lock.json');
  if (!existsSync(installed)) return false;
  const found = readJson(installed).packages;
  return Object.entries(readJson(join(root, 'package-lock.json')).packages).every(
    ([path, { version, optional }]) => path === '' || (found[path] ? found[path].version === version : optional),
  );
};

/** What the machine must offer, how to see that it does, and the Debian packages that bring it. */
const NEEDS = [
  {
    what: 'Jupyter (nbconvert, nbclient 0.7 or newer, notebook or lab)',
    present: () => findPython() !== undefined,
    packages: ['jupyter-notebook', 'python3-nbconvert', 'python3-nbclient'],
  },
  { what: 'a font', present: hasFont, packages: ['fonts-dejavu-core'] },
  { what: 'git', present: () => works('git', '--version'), packages: ['git'] },
];

/** What the tests start besides. */
const TESTED_WITH = {
  what: 'redis-server, which the tests of the queue start',
  present: () => works('redis-server', '--version'),
  packages: ['redis-server'],
};

/** What compiling canvas needs; machines that reach its prebuilt binary do without. */
const COMPILER = {
  what: 'the compiler and libraries that canvas is built with',
  present: () =>
    process.platform !== 'linux' ||
    (works('c++', '--version') &&
      works('make', '--version') &&
      works('python3', '--version') &&
      works('pkg-config', '--exists', 'cairo', 'pangocairo', 'libpng', 'librsvg-2.0', 'libjpeg') &&
      existsSync('/usr/include/gif_lib.h')),
  packages: [
    'build-essential',
    'python3',
    'pkg-config',
    'libcairo2-dev',
    'libpango1.0-dev',
    'libjpeg-dev',
    'libgif-dev',
    'librsvg2-dev',
  ],
};

const aptCommand = packages => `apt-get install -y --no-install-recommends ${packages.join(' ')}`;

/** How to become root without asking: [] as root, ['sudo'] where sudo asks nothing, undefined where neither holds. */
const asRoot = () => {
  if (!existsSync('/usr/bin/apt-get')) return undefined;
  if (process.getuid() === 0) return [];
  return works('sudo', '-n', 'true') ? ['sudo'] : undefined;
};

/** Installs what `needs` lack; returns the instruction for the user where it may not. */
const installPackages = needs => {
  const missing = needs.filter(need => !need.present());
  if (missing.length === 0) return undefined;
  const packages = missing.flatMap(need => need.packages);
  const lacking = missing.map(need => need.what).join('; ');
  const prefix = asRoot();
  if (prefix === undefined)
    return existsSync('/usr/bin/apt-get')
      ? `Missing: ${lacking}. Run:\n  sudo apt-get update && sudo ${aptCommand(packages)}`
      : `Missing: ${lacking}. Install with this system's package manager what Debian calls\n  ${packages.join(' ')}\n` +
          '(Jupyter alone: python3 -m pip install notebook nbconvert nbclient), then run this again.';
  say(`installing ${packages.join(' ')}`);
  const apt = [...prefix, 'env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get'];
  for (const args of [['-q', 'update'], aptCommand(packages).split(' ').slice(1)]) {
    const { status } = run(apt[0], [...apt.slice(1), ...args], { stdio: ['ignore', 'ignore', 'inherit'] });
    if (status !== 0) throw new SetupError(`apt-get ${args.join(' ')} failed: its messages are above.`);
  }
  const still = missing.filter(need => !need.present()).map(need => need.what);
  return still.length > 0 ? `Still missing after installing: ${still.join('; ')}.` : undefined;
};

const installModules = () => {
  if (hasModules() && hasCanvas()) return say('npm packages are in place');
  const advice = installPackages([COMPILER]);
  if (advice) say(`no compiler here, so canvas must come prebuilt`);
  say('npm ci (several minutes the first time: canvas may be compiled)');
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  const { status } = run(npm, ['ci', '--no-audit', '--no-fund'], { stdio: 'inherit' });
  if (status !== 0 || !hasCanvas())
    throw new SetupError(
      advice ?? `npm ci ${status === 0 ? 'left canvas unusable' : 'failed'}: see its messages above.`,
    );
  return undefined;
};

/** The kernel with absolute paths, under the project: no tslab on PATH, nothing in the user's home is needed. */
const installKernelspec = () => {
  const file = join(root, '.jupyter', 'data', 'kernels', 'tslab', 'kernel.json');
  const program = join(root, 'scripts', 'notebook', 'kernel.cjs'); // tslab's kernel, mended
  const kernel = {
    argv: [process.execPath, program, '{connection_file}'],
    display_name: 'TypeScript (cosim)',
    language: 'typescript',
  };
  writeIfChanged('the kernelspec', file, kernel);
  writeIfChanged('the choice of Python', join(root, '.jupyter', 'setup.json'), { python: findPython() });
};

const writeIfChanged = (what, file, value) => {
  const text = `${JSON.stringify(value, null, 2)}\n`;
  if (existsSync(file) && readFileSync(file, 'utf8') === text) return;
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  say(`wrote ${what}`);
};

const setup = () => {
  checkNode();
  const advice = installPackages(process.argv.includes('--tests') ? [...NEEDS, TESTED_WITH] : NEEDS);
  if (advice) throw new SetupError(advice);
  say('system packages are in place');
  installModules();
  if (isBuilt()) say('dist/ is up to date');
  else {
    say('building dist/');
    if (!build()) say('dist/ was written in spite of the errors above'); // `npm test` counts them
  }
  installKernelspec();
};

try {
  setup();
} catch (error) {
  console.error(`setup: ${error instanceof SetupError ? error.message : error.stack}`);
  process.exitCode = 1;
}
