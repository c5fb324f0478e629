import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { answer } from './content.ts';

/** Who may read. */
export type Access = { readonly kind: 'basic'; readonly username: string; readonly password: string } | TokenAccess;

/** Distribution's token authentication (docs/spec/auth/token.md); the token service is the registry's own `/token`. */
interface TokenAccess {
  readonly kind: 'token';
  /** Who gets a token; without, everybody does. */
  readonly username?: string;
  readonly password?: string;
  /** A refresh token that is accepted in a POST (docs/spec/auth/oauth.md). */
  readonly identityToken?: string;
  /** Another address of the token service. */
  readonly realm?: string;
  /** Uses of a token until it is refused as expired. */
  readonly uses?: number;
  readonly expiresIn?: number;
}

const TOKENS = new WeakMap<TokenAccess, Map<string, number>>();

interface Asking {
  readonly path: string;
  readonly query: string;
  readonly body: string;
  readonly headers: { readonly authorization?: string | undefined };
}

function basic(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}

function refuse(response: ServerResponse, challenge: string): true {
  const errors = [{ code: 'UNAUTHORIZED', message: 'authentication required' }];
  const headers = { 'Content-Type': 'application/json', 'WWW-Authenticate': challenge };
  answer(response, 401, headers, Buffer.from(JSON.stringify({ errors })));
  return true;
}

/** Whether the request was answered here: refused, or a token was given. */
export function authorize(access: Access, request: Asking, response: ServerResponse, base: string): boolean {
  const { authorization } = request.headers;
  if (access.kind === 'basic') {
    if (authorization === basic(access.username, access.password)) return false;
    return refuse(response, 'Basic realm="the registry"');
  }
  const tokens = TOKENS.get(access) ?? new Map<string, number>();
  TOKENS.set(access, tokens);
  if (request.path === '/token') {
    giveToken(access, request, response, tokens);
    return true;
  }
  const token = authorization?.replace(/^Bearer /, '') ?? '';
  const left = tokens.get(token) ?? 0;
  if (left > 0) {
    tokens.set(token, left - 1);
    return false;
  }
  const repository = /^\/v2\/(.+)\/(?:manifests|blobs)\//.exec(request.path)?.[1];
  const scope = repository === undefined ? '' : `,scope="repository:${repository}:pull"`;
  return refuse(response, `Bearer realm="${access.realm ?? `${base}/token`}",service="the registry"${scope}`);
}

function giveToken(access: TokenAccess, request: Asking, response: ServerResponse, tokens: Map<string, number>): void {
  const { username, password = '', identityToken } = access;
  const form = new URLSearchParams(request.body);
  const allowed =
    identityToken !== undefined && form.get('grant_type') === 'refresh_token'
      ? form.get('refresh_token') === identityToken
      : username === undefined || request.headers.authorization === basic(username, password);
  if (!allowed) {
    const details = JSON.stringify({ details: 'incorrect username or password' });
    answer(response, 401, { 'Content-Type': 'application/json' }, Buffer.from(details));
    return;
  }
  const token = randomUUID();
  tokens.set(token, access.uses ?? Number.POSITIVE_INFINITY);
  const given = { token, access_token: token, expires_in: access.expiresIn ?? 300 };
  answer(response, 200, { 'Content-Type': 'application/json' }, Buffer.from(JSON.stringify(given)));
}
