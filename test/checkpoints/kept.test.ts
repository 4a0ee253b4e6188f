import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cp, mkdir, rename, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { before, test } from 'node:test';
import {
  newestFolder,
  parseNumbers,
  readKept,
  readKeptTensors,
  setAside,
  stringifyNumbers,
  writeKept,
  writeKeptTensors,
} from '../../src/checkpoints';
import { standingAt } from '../../src/checkpoints/set-aside';
import { selectBackend } from '../../src/compute/backend';
import { Run } from '../../src/training';
import { withFolder } from '../temporary-folder';
import { tinyMlp, tinyPoints } from '../tiny';
import { startRun } from '../training/runs';

before(() => selectBackend({ backend: 'wasm' }));

/** The warnings of the process while `work` runs. */
const warningsOf = async (work: () => Promise<void>): Promise<string[]> => {
  const said: string[] = [];
  const listen = ({ message }: Error): void => void said.push(message);
  process.on('warning', listen);
  await work();
  await new Promise(resolve => setImmediate(resolve));
  process.off('warning', listen);
  return said;
};

test('NaN and the infinities survive, in a result and in JSON of their own', () =>
  withFolder(async folder => {
    const content = { value: NaN, worst: [Infinity, -Infinity, 1.5, null, 'NaN'] };
    assert.deepEqual(parseNumbers(stringifyNumbers(content)), content);
    const path = join(folder, 'a.json');
    await writeKept(path, { x: 1 }, content);
    assert.deepEqual(await readKept(path, { x: 1 }), content);
  }));

test('a result of other dependencies is set aside, with a warning that names file and reason', () =>
  withFolder(async folder => {
    const path = join(folder, 'a.json');
    await writeKept(path, { x: 1 }, [1]);
    const said = await warningsOf(async () => assert.equal(await readKept(path, { x: 2 }), undefined));
    assert.match(
      said.join(),
      /a\.json: it depends on \{"x":1\}, not on what is asked for; set aside as a\.json\.damaged/,
    );
    assert.deepEqual(readdirSync(folder), ['a.json.damaged']);
    assert.deepEqual(await warningsOf(async () => assert.equal(await readKept(path, { x: 2 }), undefined)), []);
  }));

test('of two readers of what is outdated neither fails, and neither sets aside what the other has written by then', () =>
  withFolder(async folder => {
    const [json, tensors] = [join(folder, 'a.json'), join(folder, 'a.safetensors')];
    await writeKept(json, { x: 1 }, [1]);
    await writeKeptTensors(tensors, {}, { x: '1' });
    const reading = () => [readKept(json, { x: 2 }), readKeptTensors(tensors, { x: '2' })];
    await warningsOf(async () => {
      const found = await Promise.all([...reading(), ...reading()]);
      assert.deepEqual(found, [undefined, undefined, undefined, undefined]);
    });
    assert.deepEqual(readdirSync(folder), ['a.json.damaged', 'a.safetensors.damaged']);
    await writeKept(json, { x: 1 }, [1]);
    const seen = await standingAt(json);
    await writeKept(json, { x: 2 }, [2]);
    await setAside(json, 'outdated', seen);
    assert.deepEqual(await readKept(json, { x: 2 }), [2]);
  }));

test('a checkpoint that lies behind a link is the newest one, and not begun anew', () =>
  withFolder(async folder => {
    const dir = join(folder, 'run');
    for (const name of ['00000001', '00000002']) await mkdir(join(dir, name), { recursive: true });
    await rename(join(dir, '00000002'), join(folder, 'moved'));
    await symlink(join(folder, 'moved'), join(dir, '00000002'));
    await symlink(join(folder, 'nowhere'), join(dir, '00000003'));
    assert.equal(await newestFolder(dir), join(dir, '00000002'));
  }));

test('a flipped bit anywhere in a checkpoint of a run is refused with the name of its file; without checksums it loads', () =>
  withFolder(async folder => {
    const dir = join(folder, 'run');
    const run = startRun(tinyMlp(), tinyPoints);
    await run.train({ images: 8, dir });
    run.dispose();
    const newest = (await newestFolder(dir))!;
    for (const name of ['state.safetensors', 'history.jsonl', 'run.json', 'checksums.json']) {
      const copy = join(folder, 'copy');
      await cp(dir, copy, { recursive: true });
      const path = join(copy, newest.slice(dir.length + 1), name);
      const bytes = readFileSync(path);
      bytes[name === 'state.safetensors' ? bytes.length - 5 : bytes.indexOf('"') + 1] ^= 1; // a weight; a letter of a name
      writeFileSync(path, bytes);
      await assert.rejects(Run.load(copy, { dataset: tinyPoints }), { message: new RegExp(name.replace('.', '\\.')) });
      await rm(copy, { recursive: true });
    }
    await rm(join(newest, 'checksums.json'));
    const old = await Run.load(dir, { dataset: tinyPoints });
    assert.equal(old.images, 8);
    old.dispose();
    assert.ok(existsSync(newest));
  }));
