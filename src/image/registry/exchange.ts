import { Agent as HttpAgent, request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import type { Agent as HttpsAgent } from 'node:https';
import type { Environment, RegistrySettings } from '../../config/config.ts';
import { VERSION } from '../../version.ts';
import { RequestFailure } from './failure.ts';
import { isLoopback } from './loopback.ts';
import type { Pace } from './pace.ts';
import { transportFailure } from './transport-failure.ts';

export interface Outgoing {
  readonly method: 'GET' | 'HEAD' | 'POST';
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal: AbortSignal;
}

/** Sends one request and gives the answer's head. Throws RequestFailures. */
export type Exchange = (outgoing: Outgoing) => Promise<IncomingMessage>;

/**
 * Gives the HTTP client for one registry: connections are kept open, go through the proxies of the environment
 * (never to this machine, as Go's clients have it), and are given up after `idleMilliseconds` without a byte.
 */
export function openExchange(
  { insecure, certificates }: Pick<RegistrySettings, 'insecure' | 'certificates'>,
  environment: Environment,
  pace: Pace,
): Exchange {
  const agents = new Map<string, Promise<HttpAgent | HttpsAgent>>();
  const agentFor = (url: URL): Promise<HttpAgent | HttpsAgent> => {
    const local = isLoopback(url.host);
    const key = `${url.protocol} ${local}`;
    const options = {
      keepAlive: true,
      timeout: pace.idleMilliseconds,
      ...(local ? {} : { proxyEnv: environment as NodeJS.ProcessEnv }),
    };
    const made =
      agents.get(key) ??
      (url.protocol === 'http:'
        ? Promise.resolve(new HttpAgent(options))
        : import('./https-agent.ts').then(({ httpsAgent }) =>
            httpsAgent(options, { insecure, certificates }, environment),
          ));
    agents.set(key, made);
    return made;
  };
  return async (outgoing) => {
    const agent = await agentFor(outgoing.url);
    const request = outgoing.url.protocol === 'http:' ? httpRequest : (await import('node:https')).request;
    return await send(request, agent, outgoing, pace);
  };
}

async function send(
  request: typeof httpRequest,
  agent: HttpAgent | HttpsAgent,
  outgoing: Outgoing,
  pace: Pace,
): Promise<IncomingMessage> {
  const { method, url, body, signal } = outgoing;
  signal.throwIfAborted();
  const options: RequestOptions = {
    method,
    agent,
    signal,
    timeout: pace.idleMilliseconds,
    headers: {
      'User-Agent': `sandbox/${VERSION}`,
      'Accept-Encoding': 'identity',
      ...(body === undefined ? {} : { 'Content-Length': Buffer.byteLength(body) }),
      ...outgoing.headers,
    },
  };
  for (let tries = 0; ; tries++) {
    const outcome = await new Promise<IncomingMessage | { failed: unknown; stale: boolean }>((resolve) => {
      const sent = request(url, options);
      let answer: IncomingMessage | undefined;
      sent.once('response', (response) => {
        // Whoever reads it listens too; until then a broken connection is no reason to end the process.
        response.on('error', () => {});
        answer = response;
        resolve(response);
      });
      sent.on('error', (failed) => resolve({ failed, stale: sent.reusedSocket }));
      sent.on('timeout', () => (answer ?? sent).destroy(timedOut(url.host, pace.idleMilliseconds)));
      sent.end(body);
    });
    if (!('failed' in outcome)) return outcome;
    signal.throwIfAborted();
    const failure = transportFailure(outcome.failed, url.host);
    // The other end may close a kept connection at any moment: that says nothing about the registry.
    if (!outcome.stale || failure.again !== 'yes' || tries > 2) throw failure;
  }
}

function timedOut(host: string, milliseconds: number): RequestFailure {
  const seconds = Math.max(1, Math.round(milliseconds / 1000));
  return new RequestFailure('REGISTRY', `${host}: nothing came for ${seconds} seconds`, {
    hint: 'check the network connection; what was downloaded is kept for the next try',
    again: 'yes',
    reason: 'ETIMEDOUT',
  });
}
