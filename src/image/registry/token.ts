import { shownText } from '../unsafe-text.ts';
import { basicHeader } from './basic.ts';
import type { Challenge } from './challenge.ts';
import type { Credentials } from './credentials.ts';
import type { Endpoint } from './endpoint.ts';
import { RequestFailure } from './failure.ts';
import { readBody } from './limited-body.ts';
import { isLoopback } from './loopback.ts';
import type { Pace } from './pace.ts';
import { type Arrived, sendFollowing } from './redirect.ts';
import { statusFailure } from './status-failure.ts';

export interface Token {
  readonly value: string;
  /** Milliseconds since 1970. */
  readonly expires: number;
}

export interface TokenRequest {
  readonly challenge: Challenge;
  readonly endpoint: Endpoint;
  /** What was asked for when the challenge came. */
  readonly url: URL;
  readonly credentials: Credentials | undefined;
  readonly pace: Pace;
  readonly signal: AbortSignal;
}

const CLIENT_ID = 'sandbox';
const MOST_BYTES = 1024 * 1024;
/** docs/spec/auth/token.md: what is meant where `expires_in` is left out. */
const DEFAULT_SECONDS = 60;
/** A header that a server takes. */
const TOKEN = /^[\x21-\x7e]{1,65536}$/;

/** The registry chooses this address, so it decides where the password would go: over plain http it goes nowhere. */
function realmOf({ challenge, endpoint, url }: TokenRequest): URL {
  const unsafeRealm = challenge.parameters.get('realm') ?? '';
  const realm = URL.parse(unsafeRealm, url.href);
  const refuse = (why: string, hint?: string): RequestFailure =>
    new RequestFailure('REGISTRY', `${endpoint.registry} sends us to ${shownText(unsafeRealm)} for a token: ${why}`, {
      ...(hint === undefined ? {} : { hint }),
    });
  if (realm === null || unsafeRealm === '') throw refuse('that is no address');
  realm.username = '';
  realm.password = '';
  realm.hash = '';
  if (realm.protocol === 'https:') return realm;
  if (realm.protocol !== 'http:') throw refuse('that is not of the web');
  if (endpoint.insecure || (isLoopback(realm.host) && isLoopback(url.host))) return realm;
  throw refuse('that is plain http', `set \`insecure = true\` for ${endpoint.registry} in config.toml to allow it`);
}

/**
 * Gets a token from the service that a challenge names: distribution's docs/spec/auth/token.md, and oauth.md for identity
 * tokens. Throws RequestFailures.
 */
export async function fetchToken(request: TokenRequest): Promise<Token> {
  const { challenge, endpoint, credentials, pace, signal } = request;
  const realm = realmOf(request);
  const service = challenge.parameters.get('service');
  const scope = challenge.parameters.get('scope') ?? defaultScope(endpoint);
  const arrived =
    credentials?.kind === 'identity'
      ? await exchangeIdentity(request, realm, credentials.token, { service, scope })
      : await askWithPassword(request, realm, credentials, { service, scope });
  const { registry, repository } = endpoint;
  if (arrived.response.statusCode !== 200) {
    const name = repository === '' ? registry : `${registry}/${repository}`;
    const kind = credentials !== undefined && arrived.response.statusCode === 401 ? 'login' : 'token';
    const asked = {
      registry,
      name,
      thing: `a token (from ${realm.host})`,
      kind,
      authenticated: credentials !== undefined,
    };
    throw await statusFailure(arrived.response, { ...asked, kind }, pace);
  }
  const body = await readBody(arrived.response, realm, MOST_BYTES, () => malformed(realm, 'it is over 1 MiB'));
  signal.throwIfAborted();
  return parseToken(body, realm, pace.now());
}

/** Without one the service would give a token for nothing. A login is for no repository. */
function defaultScope({ repository }: Endpoint): string | undefined {
  return repository === '' ? undefined : `repository:${repository}:pull`;
}

interface Asking {
  readonly service: string | undefined;
  readonly scope: string | undefined;
}

async function askWithPassword(
  { endpoint, signal }: TokenRequest,
  realm: URL,
  credentials: Extract<Credentials, { kind: 'password' }> | undefined,
  { service, scope }: Asking,
): Promise<Arrived> {
  const url = new URL(realm);
  if (service !== undefined) url.searchParams.set('service', service);
  if (scope !== undefined) url.searchParams.set('scope', scope);
  if (credentials !== undefined) url.searchParams.set('account', credentials.username);
  const authorization = credentials === undefined ? undefined : basicHeader(credentials);
  const outgoing = { method: 'GET', url, headers: {}, signal } as const;
  return await sendFollowing(endpoint.exchange, outgoing, authorization, endpoint.insecure);
}

async function exchangeIdentity(
  { endpoint, signal }: TokenRequest,
  realm: URL,
  identityToken: string,
  { service, scope }: Asking,
): Promise<Arrived> {
  const form = new URLSearchParams({ grant_type: 'refresh_token', refresh_token: identityToken, client_id: CLIENT_ID });
  if (service !== undefined) form.set('service', service);
  if (scope !== undefined) form.set('scope', scope);
  const headers = { 'Content-Type': 'application/x-www-form-urlencoded' };
  // Not followed anywhere: the body is the secret.
  const outgoing = { method: 'POST', url: realm, headers, body: form.toString(), signal } as const;
  return { response: await endpoint.exchange(outgoing), url: realm };
}

function malformed(realm: URL, why: string): RequestFailure {
  return new RequestFailure('REGISTRY', `the answer of ${realm.host} to the request for a token is not valid: ${why}`);
}

function parseToken(body: Buffer, realm: URL, now: number): Token {
  let unsafe: unknown;
  try {
    unsafe = JSON.parse(body.toString('utf8'));
  } catch {
    throw malformed(realm, 'it is no JSON');
  }
  const { token, access_token: accessToken, expires_in: seconds } = Object(unsafe) as Record<string, unknown>;
  const value = [token, accessToken].find((each) => typeof each === 'string' && each !== '');
  if (typeof value !== 'string' || !TOKEN.test(value)) throw malformed(realm, 'there is no token in it');
  const lasts = typeof seconds === 'number' && seconds > 0 ? seconds : DEFAULT_SECONDS;
  // Renewed a little earlier: clocks differ, and a request takes its time.
  return { value, expires: now + lasts * 900 };
}
