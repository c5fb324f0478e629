import type { IncomingMessage } from 'node:http';
import { plainText, shownText } from '../unsafe-text.ts';
import type { Exchange, Outgoing } from './exchange.ts';
import { RequestFailure } from './failure.ts';
import { discard } from './limited-body.ts';
import { isLoopback } from './loopback.ts';

const MOST_REDIRECTS = 5;

export interface Arrived {
  readonly response: IncomingMessage;
  /** Where the answer is from. */
  readonly url: URL;
}

function refused(from: URL, why: string, hint?: string): RequestFailure {
  return new RequestFailure('REGISTRY', `${from.host} ${why}`, {
    hint: hint ?? 'the registry, or something on the way to it, is set up wrongly',
  });
}

/** Where an answer leads. Throws for what a registry must not make us do. */
function nextUrl(response: IncomingMessage, from: URL, insecure: boolean): URL {
  const unsafeLocation = response.headers.location;
  const url = unsafeLocation === undefined ? null : URL.parse(unsafeLocation, from.href);
  if (url === null) throw refused(from, `redirects to no address (${shownText(unsafeLocation ?? '')})`);
  url.username = '';
  url.password = '';
  if (url.protocol === 'https:') return url;
  const shown = plainText(url.origin, 100);
  if (url.protocol !== 'http:') throw refused(from, `redirects to ${shownText(url.protocol)}, which is not of the web`);
  if (insecure) return url;
  const hint = 'set `insecure = true` for it in config.toml if you trust the network between';
  if (from.protocol === 'https:') throw refused(from, `redirects from https to plain http (${shown})`, hint);
  if (!isLoopback(url.host)) throw refused(from, `redirects to another host over plain http (${shown})`, hint);
  return url;
}

/** Whether a URL is of the same scheme, host and port: only then it may get what was meant for the first one. */
function sameOrigin(left: URL, right: URL): boolean {
  return left.protocol === right.protocol && left.host === right.host;
}

/**
 * Sends a request and follows where the answer leads, `authorization` going only where the first request went: storage
 * services refuse it, and others must not see it. Throws a RequestFailure for loops and for ways into plain http.
 */
export async function sendFollowing(
  exchange: Exchange,
  outgoing: Outgoing,
  authorization: string | undefined,
  insecure: boolean,
): Promise<Arrived> {
  const seen = new Set<string>();
  for (let url = outgoing.url; ; ) {
    const mayAuthorize = authorization !== undefined && sameOrigin(url, outgoing.url);
    const headers = mayAuthorize ? { ...outgoing.headers, Authorization: authorization } : outgoing.headers;
    const response = await exchange({ ...outgoing, url, headers });
    const { statusCode = 0 } = response;
    if (![301, 302, 303, 307, 308].includes(statusCode)) return { response, url };
    discard(response);
    seen.add(url.href);
    url = nextUrl(response, url, insecure);
    if (seen.has(url.href)) throw refused(outgoing.url, 'redirects in a circle');
    if (seen.size > MOST_REDIRECTS) throw refused(outgoing.url, `redirects more than ${MOST_REDIRECTS} times`);
  }
}
