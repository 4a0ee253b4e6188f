import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { inspect } from 'node:util';
import { runCommandLine } from '../../src/command-line';
import { cancelJobs, waitForJobs, work, type WorkerEvent } from '../../src/queue';
import { program } from '../program';
import { temporaryFolder } from '../temporary-folder';
import { freePort, type RedisServer, startRedis } from './redis-server';

const PASSWORD = 'p@ss:w/rd#1';
const SECRET = encodeURIComponent(PASSWORD);

/** What docs/many-machines.md says that the user of a queue needs. */
const USER = [
  'cosim',
  'on',
  `>${PASSWORD}`,
  '~bull:cosim:*',
  '+@all',
  '-@admin',
  '-@dangerous',
  '+info',
  '+client|list',
];

/** Whether a text has the password in either form. */
const hasSecret = (text: string): boolean => text.includes(PASSWORD) || text.includes(SECRET);

const place = temporaryFolder();

describe('a queue with password and TLS', () => {
  let redis: RedisServer;
  const cert = place('cert.pem');
  let port = 0;
  let tlsPort = 0;
  const processes: ChildProcess[] = [];

  /** A program beside this one that reads the queue's address from COSIM_QUEUE, and trusts the server's certificate. */
  const start = (args: readonly string[], queue: string): { ended: Promise<number>; said: () => string } => {
    const env = { ...process.env, COSIM_QUEUE: queue, NODE_EXTRA_CA_CERTS: cert };
    const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'pipe'] }); // prettier-ignore
    processes.push(child);
    let said = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', data => (said += String(data)));
    return { ended: once(child, 'close').then(([code]) => code as number), said: () => said };
  };
  const url = (protocol: 'redis' | 'rediss', userAndPassword: string): string =>
    `${protocol}://${userAndPassword}@127.0.0.1:${protocol === 'redis' ? port : tlsPort}`;

  before(async () => {
    const key = place('key.pem');
    execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=queue', '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', key, '-out', cert], { stdio: 'ignore' }); // prettier-ignore
    tlsPort = await freePort();
    redis = await startRedis(undefined, ['--tls-port', String(tlsPort), '--tls-cert-file', cert, '--tls-key-file', key, '--tls-auth-clients', 'no', '--requirepass', 'another', '--user', ...USER]); // prettier-ignore
    port = Number(new URL(redis.url).port);
  });
  after(async () => {
    for (const child of processes) child.kill('SIGKILL');
    await redis.close();
  });

  test('a sweep and its worker meet on it, and the password stands nowhere', async () => {
    const queue = url('rediss', `cosim:${SECRET}`);
    const log = place('log');
    const worker = start(['--import', 'tsx', join(__dirname, 'tiny-worker.ts'), queue, log], queue);
    const sweep = start(['--import', 'tsx', join(__dirname, 'tiny-sweep.ts'), '5'], queue);
    assert.equal(await sweep.ended, 0, sweep.said());
    assert.deepEqual(JSON.parse(sweep.said()), Object.fromEntries([0, 1, 2, 3, 4].map(x => [`sweep-${x}`, String(x ** 2)]))); // prettier-ignore
    assert.equal(worker.said(), '');
    const kept = readdirSync(redis.dir, { recursive: true, encoding: 'utf8' }).map(name => join(redis.dir, name));
    const texts = kept.filter(path => statSync(path).isFile()).map(path => readFileSync(path, 'latin1'));
    assert.ok(texts.some(text => text.includes('job 4')));
    assert.ok(!texts.some(hasSecret));
  });

  test('cosim worker says which server it works for, without the password, and ends where that is wrong', async () => {
    const args = [...program, 'worker', '--until-empty', '--backend', 'cpu', '--store', place('store')];
    const right = start(args, url('rediss', `cosim:${SECRET}`));
    assert.equal(await right.ended, 0, right.said());
    assert.match(right.said(), new RegExp(`^ready +rediss://\\*\\*\\*@127\\.0\\.0\\.1:${tlsPort} as .+:\\d+\n$`));
    const wrong = start(args, url('rediss', `cosim:${SECRET}x`));
    assert.equal(await wrong.ended, 2);
    assert.match(
      wrong.said(),
      /^cosim: queue: the server at rediss:\/\/\*\*\*@127\.0\.0\.1:\d+ refuses user or password/,
    );
    assert.ok(!hasSecret(right.said() + wrong.said()));
  });

  test('who waits, cancels or works is told at once what keeps it from the server', async () => {
    const job = { format: 'cosim job 1', evaluation: 'square', label: 'job', task: {}, config: {}, code: '', version: '' } as const; // prettier-ignore
    const ways = [
      (address: string) => waitForJobs(address, new Map([['id', job]])).next(),
      (address: string) => cancelJobs(address),
      (address: string) => work(address, { perform: () => Promise.resolve('never') }),
    ];
    for (const [address, problem] of [
      [url('redis', `cosim:${SECRET}x`), /refuses user or password \(WRONGPASS/],
      [url('redis', `somebody:${SECRET}`), /refuses user or password \(WRONGPASS/],
      [`redis://127.0.0.1:${port}`, /wants a password/],
      [url('rediss', `cosim:${SECRET}`), /certificate that is not trusted here .*NODE_EXTRA_CA_CERTS/],
    ] as const)
      for (const way of ways)
        await assert.rejects(way(address), (error: Error) => {
          assert.match(error.message, problem);
          assert.ok(!hasSecret(inspect(error, { depth: 9, showHidden: true })));
          return true;
        });
  });

  test('a worker of a server that does not answer says so and waits', async () => {
    const nowhere = await freePort();
    for (const [address, problem] of [
      [`rediss://cosim:${SECRET}@127.0.0.1:${port}`, /wants redis:\/\/ instead of rediss:\/\//],
      [`redis://cosim:${SECRET}@127.0.0.1:${tlsPort}`, /wants rediss:\/\/ instead of redis:\/\//],
      [`redis://cosim:${SECRET}@127.0.0.1:${nowhere}`, /does not answer \(.*ECONNREFUSED/],
    ] as const) {
      const stop = new AbortController();
      const events: WorkerEvent[] = [];
      const onEvent = (event: WorkerEvent): void => {
        events.push(event);
        stop.abort();
      };
      await work(address, { perform: () => Promise.resolve('never'), onEvent, signal: stop.signal });
      assert.deepEqual(events.map(({ what, label }) => [what, label]), [['away', address.replace(/\/\/.*@/, '//***@')]]); // prettier-ignore
      assert.match(events[0].problem!, problem);
    }
  });

  test('a server that takes the connection and says nothing is one that does not answer; a stop ends the try', async () => {
    const stop = new AbortController();
    const events: WorkerEvent[] = [];
    const silent = createServer(socket => {
      socket.resume();
      if (events.length > 0) stop.abort(); // at the second try
    }).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const address = `redis://127.0.0.1:${(silent.address() as AddressInfo).port}`;
    await work(address, { perform: () => Promise.resolve('never'), onEvent: event => events.push(event), signal: stop.signal }); // prettier-ignore
    assert.deepEqual(events.map(({ what }) => what), ['away']); // prettier-ignore
    assert.match(events[0].problem!, /^does not answer \(it says nothing for 5 s\)$/);
    silent.close();
    await once(silent, 'close'); // no connection is left
  });

  test('an address that is read otherwise than it was meant is refused without the password', async () => {
    for (const address of [
      `redis://cosim:${PASSWORD}@127.0.0.1`,
      'redis://cosim:12/p@ss@host',
      'redis://:12#p@ss@host',
      'redis://cosim:100%p@ss@host',
      'cosim:p@ss@host',
      'redis://host/first',
    ])
      await assert.rejects(cancelJobs(address), (error: Error) => {
        assert.match(error.message, /^queue: /);
        assert.ok(!/p@ss|12\/|12#|100/.test(error.message), error.message);
        return true;
      });
    let said = '';
    const out = (text: string): void => void (said += text);
    assert.equal(await runCommandLine(['worker', '--queue', `http://cosim:${PASSWORD}@host`], { out, err: out, live: false }), 2); // prettier-ignore
    assert.match(said, /^cosim: --queue must be an address like redis:\/\/host:6379/);
    assert.ok(!hasSecret(said));
  });
});
