import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { download, DownloadError, type DownloadProgress } from '../../src/datasets';
import { temporaryFolder } from '../temporary-folder';
import { noise } from './files';

const place = temporaryFolder();
const content = noise(300_000);
const sha256 = createHash('sha256').update(content).digest('hex');

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** Runs `use` with the address of a server that answers like this; gives the ranges that were asked for. */
const serving = async (answer: Answer, use: (url: string) => Promise<void>): Promise<(string | undefined)[]> => {
  const ranges: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    ranges.push(request.headers.range);
    answer(request, response);
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  try {
    await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}/file.bin`);
  } finally {
    server.closeAllConnections();
    await new Promise(resolve => server.close(resolve));
  }
  return ranges;
};

/** A server that knows ranges. */
const whole: Answer = ({ headers }, response) => {
  const from = Number(/bytes=(\d+)-/.exec(headers.range ?? '')?.[1] ?? 0);
  if (from >= content.length) {
    response.writeHead(416).end();
    return;
  }
  const body = content.subarray(from);
  const range = { 'content-range': `bytes ${from}-${content.length - 1}/${content.length}` };
  response.writeHead(from > 0 ? 206 : 200, { 'content-length': body.length, ...(from > 0 && range) }).end(body);
};

/** The same, but the connection breaks after 100,000 bytes. */
const breaking: Answer = (_, response) => {
  response.writeHead(200, { 'content-length': content.length });
  response.write(content.subarray(0, 100_000), () => setTimeout(() => response.destroy(), 50));
};

const withResolvers = (): { promise: Promise<void>; resolve: () => void } => {
  let resolve = (): void => undefined;
  const promise = new Promise<void>(done => (resolve = done));
  return { promise, resolve };
};

const fails = (promise: Promise<unknown>, message: RegExp): Promise<void> =>
  assert.rejects(promise, (error: Error) => {
    assert.ok(error instanceof DownloadError, error.stack);
    assert.match(error.message, message);
    return true;
  });

test('a file arrives whole, with progress; a second time it is only checked', async () => {
  const path = place('new', 'folder', 'file.bin');
  const seen: DownloadProgress[] = [];
  const ranges = await serving(whole, async url => {
    assert.equal(await download(url, path, { sha256, onProgress: progress => seen.push(progress) }), sha256);
    assert.equal(await download(url, path, { sha256: sha256.toUpperCase() }), sha256);
  });
  assert.deepEqual(ranges, [undefined]);
  assert.ok(readFileSync(path).equals(content));
  assert.deepEqual(seen.at(-1), { received: 300_000, total: 300_000 });
  assert.deepEqual(readdirSync(place('new', 'folder')), ['file.bin']);
});

test('an interrupted download goes on from where it stopped', async () => {
  const path = place('resumed.bin');
  await serving(breaking, url =>
    fails(download(url, path, { sha256 }), /the connection ended early .* goes on from there/),
  );
  assert.ok(!existsSync(path));
  const seen: DownloadProgress[] = [];
  const ranges = await serving(whole, async url => {
    await download(url, path, { sha256, onProgress: progress => seen.push(progress) });
  });
  assert.deepEqual(ranges, ['bytes=100000-']);
  assert.ok(seen[0].received > 100_000 && seen[0].total === 300_000);
  assert.ok(readFileSync(path).equals(content));
  assert.ok(!existsSync(`${path}.part`));
});

test('a server without ranges, or with others, makes it begin anew; without a checksum it always does', async () => {
  const ignoring: Answer = (_, response) => response.writeHead(200).end(content); // no length either
  for (const [name, answer] of [
    ['ignoring', ignoring],
    ['whole', whole],
  ] as const) {
    const path = place(`${name}.bin`);
    writeFileSync(`${path}.part`, content.subarray(0, 5000));
    const options = name === 'whole' ? {} : { sha256 };
    const ranges = await serving(answer, async url => void (await download(url, path, options)));
    assert.deepEqual(ranges, [name === 'whole' ? undefined : 'bytes=5000-']);
    assert.ok(readFileSync(path).equals(content));
  }
  const path = place('longer.bin');
  writeFileSync(`${path}.part`, noise(400_000, 1)); // more than the file has: the server says 416
  assert.equal((await serving(whole, async url => void (await download(url, path, { sha256 })))).length, 2);
  assert.ok(readFileSync(path).equals(content));
});

test('another file than the published one is refused and removed', async () => {
  const path = place('wrong.bin');
  const other = '0'.repeat(64);
  await serving(whole, url =>
    fails(download(url, path, { sha256: other }), new RegExp(`SHA-256 is ${sha256}, the published file has ${other}`)),
  );
  assert.ok(!existsSync(path) && !existsSync(`${path}.part`));
  writeFileSync(path, 'mine');
  await fails(download('http://127.0.0.1:1/', path, { sha256 }), /wrong\.bin: SHA-256 is/);
  assert.equal(readFileSync(path, 'utf8'), 'mine', 'a file that was there is left alone');
});

test('no server and a refusal say which file to put where', async () => {
  const path = place('absent.bin');
  await fails(
    download('http://127.0.0.1:1/file.bin', path, { sha256 }),
    /http:\/\/127\.0\.0\.1:1\/file\.bin cannot be reached \(.+\)\. Fetch .* elsewhere and put it at .*absent\.bin\./,
  );
  const missing: Answer = (_, response) => response.writeHead(404).end('nothing here');
  await serving(missing, url => fails(download(url, path), /the server says 404 Not Found\. Fetch .* put it at/));
  assert.ok(!existsSync(path) && !existsSync(`${path}.part`));
});

test('of two at once, each without a checksum has a file of its own; with one, the second is refused', async () => {
  const path = place('twice.bin');
  let first: ServerResponse | undefined;
  const { promise: waits, resolve: begun } = withResolvers();
  /** The first is answered by half the file, and by the rest when the second has arrived. */
  const halves: Answer = (_, response) => {
    response.writeHead(200, { 'content-length': content.length });
    if (first) response.end(content);
    else (first = response).write(content.subarray(0, 100_000), begun);
  };
  const end = (): void => void first!.end(content.subarray(100_000));
  await serving(halves, async url => {
    const slow = download(url, path);
    await waits;
    assert.equal(await download(url, path), sha256);
    end();
    assert.equal(await slow, sha256);
  });
  assert.ok(readFileSync(path).equals(content));

  rmSync(path);
  first = undefined;
  const { promise: arrives, resolve: arrived } = withResolvers();
  await serving(halves, async url => {
    const slow = download(url, path, { sha256, onProgress: arrived });
    await arrives;
    await assert.rejects(download(url, path, { sha256 }), {
      code: 'locked',
      message: /part is being filled by this process/,
    });
    end();
    assert.equal(await slow, sha256);
  });
  assert.ok(readFileSync(path).equals(content));
  assert.deepEqual(
    readdirSync(place()).filter(name => name.includes('twice')),
    ['twice.bin'],
  );
});

test('a signal stops it and keeps what has arrived', async () => {
  const path = place('stopped.bin');
  const stop = new AbortController();
  const slow: Answer = (_, response) => {
    response.writeHead(200, { 'content-length': content.length });
    response.write(content.subarray(0, 1000)); // and nothing more
  };
  await serving(slow, url =>
    assert.rejects(download(url, path, { sha256, signal: stop.signal, onProgress: () => stop.abort() }), {
      name: 'AbortError',
    }),
  );
  assert.equal(readFileSync(`${path}.part`).length, 1000);
});
