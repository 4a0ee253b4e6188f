import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { goldenFolder } from '../golden';
import { temporaryFolder } from '../temporary-folder';

const root = join(__dirname, '..', '..');
const place = temporaryFolder();

const parity = (...args: string[]): { status: number | null; lines: string[]; stderr: string } => {
  const script = join(root, 'scripts', 'parity.ts');
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--import', 'tsx', script, ...args], {
    cwd: root,
    encoding: 'utf8',
  });
  return { status, lines: stdout.trim().split('\n'), stderr };
};

/** A folder with the counts and one recorded network, whose JSON may be changed. */
const copyOf = (name: string, change: (json: Record<string, unknown>) => void = () => undefined): string => {
  const dir = place(name);
  cpSync(join(goldenFolder, 'counts'), join(dir, 'counts'), { recursive: true });
  mkdirSync(join(dir, 'net'));
  cpSync(join(goldenFolder, 'net', 've_ncsnpp_cond.safetensors'), join(dir, 'net', 'another.safetensors'));
  const json = JSON.parse(readFileSync(join(goldenFolder, 'net', 've_ncsnpp_cond.json'), 'utf8')) as Record<
    string,
    unknown
  >;
  change(json);
  writeFileSync(join(dir, 'net', 'another.json'), JSON.stringify(json));
  return dir;
};

describe('npm run parity', () => {
  test('prints one line a case and ends with 0 where all lie within ten floors', () => {
    const { status, lines } = parity(copyOf('good'), '--backend', 'wasm');
    assert.equal(status, 0, lines.join('\n'));
    assert.equal(lines.length, 5); // a heading, edm and edm2 of counts, the network, the sum
    assert.match(lines[0], /^kind +case +quantity +error +floor +ratio +verdict$/);
    assert.match(lines[3], /^net +another +\S.* +\d\.\de-\d +\d\.\de-\d +\d+\.\d\d +ok$/);
    assert.match(lines[4], /^all cases within 10 noise floors on wasm; \d+ quantities$/);
  });

  test('--all prints every quantity', () => {
    const { lines } = parity(join(copyOf('all'), 'counts'), '--all');
    assert.equal(lines.length, 2 + 2 * (2 + 6)); // two counts each of two and six networks
  });

  test('a miss is named and ends with 1', () => {
    const spoiled = copyOf('spoiled', json => (json.num_parameters = 1));
    const { status, lines } = parity(spoiled);
    assert.equal(status, 1);
    assert.match(lines[3], /^net +another +parameters .* MISS$/);
    assert.match(lines[4], /^2 of 3 cases within/);
  });

  test('a kind that is not known, a class that is not known and an array that is not there are misses', () => {
    const dir = copyOf('unknown', json => (json.precond_class = 'OtherPrecond'));
    mkdirSync(join(dir, 'other'));
    writeFileSync(join(dir, 'other', 'case.json'), '{}');
    writeFileSync(join(dir, 'net', 'no-arrays.json'), readFileSync(join(goldenFolder, 'net', 'edm_ddpmpp_cond.json')));
    const { status, lines } = parity(dir);
    assert.equal(status, 1);
    const text = lines.join('\n');
    assert.match(text, /^net +another +denoiserFromReference: unknown class 'OtherPrecond'.*MISS$/m);
    assert.match(text, /^net +no-arrays .*MISS$/m);
    assert.match(text, /^other +case +unknown kind of case 'other'; known: net, grad, .*MISS$/m);
  });

  test('a folder that is not there, without cases or not named ends with a message', () => {
    assert.match(parity(place('nowhere')).stderr, /nowhere: no such folder/);
    assert.match(parity().stderr, /usage: npm run parity -- DIR/);
    mkdirSync(place('empty'));
    assert.equal(parity(place('empty')).status, 1);
  });
});
