import type { Redis } from 'ioredis';
import { setTimeout as pause } from 'node:timers/promises';
import { ArgumentError } from '../compute/check';
import { bullmq, connectionTo, shownAddress } from './connection';

/** Milliseconds that who asks for jobs, or cancels them, waits for a server that does not answer. */
export const ASKING_PATIENCE = 10_000;

/** Milliseconds between two tries, and that one may take. */
const AGAIN = 1000;
const ONE_TRY = 5000;

/** What stands between this process and the server; `lasts`: waiting does not help. */
type Obstacle = { text: string; lasts: boolean };

/**
 * What an error of a connection means. Its message alone is used: the error itself may hold the password.
 * @param secure whether the address asks for TLS
 */
const obstacleOf = (error: Error, secure: boolean): Obstacle => {
  const { message } = error;
  const code = (error as NodeJS.ErrnoException).code ?? '';
  if (message.startsWith('WRONGPASS')) return { text: `refuses user or password (${message})`, lasts: true };
  if (message.startsWith('NOAUTH'))
    return { text: 'wants a password: redis://user:password@host:6379, best in COSIM_QUEUE', lasts: true };
  if (/^(NOPERM|ERR)\b/.test(message)) return { text: `refuses the connection (${message})`, lasts: true };
  if (/CERT|SIGNATURE/.test(code))
    return { text: `has a certificate that is not trusted here (${message}); NODE_EXTRA_CA_CERTS names the file of the authority that signed it`, lasts: true }; // prettier-ignore
  const text = code === '' || code === 'ECONNRESET' ? 'closes the connection' : `does not answer (${message || code})`;
  if (secure && (code === 'ETIMEDOUT' || code === 'EPROTO' || code.startsWith('ERR_SSL')))
    return { text: `${text}; one that does not speak TLS wants redis:// instead of rediss://`, lasts: false };
  if (!secure && (code === '' || code === 'ECONNRESET'))
    return { text: `${text}; one that speaks TLS wants rediss:// instead of redis://`, lasts: false };
  return { text, lasts: false };
};

/** Fails when the time of a try is over, or the signal is given. */
const endOfTry = async (signal: AbortSignal): Promise<never> => {
  await pause(ONE_TRY, undefined, { signal });
  throw Object.assign(new Error(`it says nothing for ${ONE_TRY / 1000} s`), { code: 'ETIMEDOUT' });
};

/** Connects once, and goes; also a server that takes the connection may say nothing. */
const obstacleTo = async (address: string, signal?: AbortSignal): Promise<Obstacle | undefined> => {
  const options = connectionTo(address);
  bullmq(); // it says how to install both
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- optional and synchronous, as BullMQ is
  const { Redis: RedisClass } = require('ioredis') as { Redis: typeof Redis };
  const client = new RedisClass({
    ...options,
    lazyConnect: true,
    retryStrategy: () => null,
  });
  let first: Error | undefined;
  client.on('error', (error: Error) => (first ??= error));
  const answered = client.connect().then(() => client.ping());
  const over = new AbortController();
  try {
    await Promise.race([answered, endOfTry(signal ? AbortSignal.any([signal, over.signal]) : over.signal)]);
    return undefined;
  } catch (error) {
    return obstacleOf(first ?? (error as Error), options.tls !== undefined);
  } finally {
    over.abort();
    answered.catch(() => undefined); // closed before it was ready
    client.disconnect();
  }
};

/**
 * Returns when the server answers and takes the user; or when the signal is given.
 * @param patience milliseconds of waiting for a server that is away
 * @param onAway hears why it is waited for: 'does not answer (...)', once a reason
 * @throws ArgumentError that says, without the password, what stands in the way; at once where waiting does not help:
 * wrong password, a certificate that is not trusted, an address that is none
 */
export const expectServer = async (
  address: string,
  { patience, signal, onAway }: { patience: number; signal?: AbortSignal; onAway?: (problem: string) => void },
): Promise<void> => {
  const until = Date.now() + patience;
  let told = '';
  while (!signal?.aborted) {
    const obstacle = await obstacleTo(address, signal);
    if (obstacle === undefined || signal?.aborted) return;
    if (obstacle.lasts || Date.now() >= until)
      throw new ArgumentError(`queue: the server at ${shownAddress(address)} ${obstacle.text}`);
    if (obstacle.text !== told) onAway?.(obstacle.text);
    told = obstacle.text;
    await pause(AGAIN, undefined, { signal }).catch(() => undefined);
  }
};
