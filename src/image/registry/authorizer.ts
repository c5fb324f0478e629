import type { IncomingMessage } from 'node:http';
import { basicHeader } from './basic.ts';
import { type Challenge, parseChallenges } from './challenge.ts';
import type { Credentials, CredentialsSource, FoundCredentials } from './credentials.ts';
import type { Endpoint } from './endpoint.ts';
import { RequestFailure } from './failure.ts';
import type { Pace } from './pace.ts';
import { fetchToken } from './token.ts';

export interface Authorization {
  readonly header: string;
  /** Milliseconds since 1970. */
  readonly expires: number;
}

/** Gets into one repository of one registry. */
export interface Authorizer {
  /** What to send now; undefined until the registry asked for something. */
  readonly current: (signal: AbortSignal) => Promise<Authorization | undefined>;
  /** Does what a 401 answer asks for; false where nothing can be done about it. `used`: what the request carried. */
  readonly renew: (
    response: IncomingMessage,
    url: URL,
    used: Authorization | undefined,
    signal: AbortSignal,
  ) => Promise<boolean>;
  readonly usedCredentials: () => boolean;
  /** Adds what was wrong with the credentials to a failure, if that may be why. */
  readonly explain: (failure: RequestFailure) => RequestFailure;
}

export function openAuthorizer(endpoint: Endpoint, source: CredentialsSource, pace: Pace): Authorizer {
  let authorization: Authorization | undefined;
  /** The challenge that the authorization answers, so that it can be renewed before the next refusal. */
  let answered: { challenge: Challenge; url: URL } | undefined;
  let renewing: Promise<boolean> | undefined;
  let found: Promise<FoundCredentials> | undefined;
  let problems: readonly string[] = [];
  let used = false;

  const credentials = async (): Promise<Credentials | undefined> => {
    found ??= source(endpoint);
    const result = await found;
    problems = result.problems;
    return result.credentials;
  };
  const explain = (failure: RequestFailure): RequestFailure => {
    if (failure.code !== 'DENIED' || problems.length === 0) return failure;
    const { code, message, hint, again, reason } = failure;
    return new RequestFailure(code, message, { hint: [hint, ...problems].join('\n'), again, reason });
  };
  const answer = async (challenge: Challenge, url: URL, signal: AbortSignal): Promise<boolean> => {
    const known = await credentials();
    if (challenge.scheme === 'basic') {
      if (known?.kind !== 'password') return false;
      used = true;
      authorization = { header: basicHeader(known), expires: Number.POSITIVE_INFINITY };
      answered = undefined;
      return true;
    }
    used = known !== undefined;
    const request = { challenge, endpoint, url, credentials: known, pace, signal };
    const token = await fetchToken(request).catch((error: unknown) => {
      throw error instanceof RequestFailure ? explain(error) : error;
    });
    authorization = { header: `Bearer ${token.value}`, expires: token.expires };
    answered = { challenge, url };
    return true;
  };
  /** Several requests that are refused at once wait for one answer. */
  const alone = (work: () => Promise<boolean>): Promise<boolean> => {
    renewing ??= work().finally(() => {
      renewing = undefined;
    });
    return renewing;
  };

  return {
    current: async (signal) => {
      if (answered !== undefined && authorization !== undefined && authorization.expires < pace.now()) {
        const { challenge, url } = answered;
        await alone(() => answer(challenge, url, signal));
      }
      return authorization;
    },
    renew: async (response, url, usedAuthorization, signal) => {
      // Another request was faster.
      if (authorization !== usedAuthorization) return true;
      const challenges = parseChallenges(response.headersDistinct['www-authenticate'] ?? []);
      const challenge =
        challenges.find(({ scheme }) => scheme === 'bearer') ?? challenges.find(({ scheme }) => scheme === 'basic');
      if (challenge === undefined) return false;
      if (challenge.scheme === 'basic' && usedAuthorization !== undefined) return false;
      return await alone(() => answer(challenge, url, signal));
    },
    usedCredentials: () => used,
    explain,
  };
}
