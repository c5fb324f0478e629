import type { IncomingMessage } from 'node:http';
import { type Authorizer, openAuthorizer } from './authorizer.ts';
import type { CredentialsSource } from './credentials.ts';
import type { Endpoint } from './endpoint.ts';
import { RequestFailure } from './failure.ts';
import { discard, readExplanation } from './limited-body.ts';
import type { Pace } from './pace.ts';
import { type Arrived, sendFollowing } from './redirect.ts';
import { type Asked, statusFailure } from './status-failure.ts';
import { isOtherProtocol } from './transport-failure.ts';

export interface Request {
  readonly method: 'GET' | 'HEAD';
  /** After `/v2/`. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  readonly thing: string;
  readonly kind: Asked['kind'];
  /** Answers other than these are failures. */
  readonly expected: readonly number[];
}

/** An endpoint with what was found out about it. */
export interface Connection {
  readonly endpoint: Endpoint;
  /** Sends a request with what it takes to get in. Throws RequestFailures. */
  readonly request: (request: Request) => Promise<IncomingMessage>;
}

export function openConnection(endpoint: Endpoint, credentials: CredentialsSource, pace: Pace): Connection {
  const authorizer = openAuthorizer(endpoint, credentials, pace);
  let scheme: 'https' | 'http' | undefined;

  /** Finds out whether the endpoint speaks http or https with the first request. */
  const send = async (request: Request, authorization: string | undefined): Promise<Arrived> => {
    let failure: RequestFailure | undefined;
    for (const candidate of scheme === undefined ? endpoint.schemes : [scheme]) {
      const url = new URL(`${candidate}://${endpoint.host}/v2/${request.path}`);
      try {
        const arrived = await sendFollowing(endpoint.exchange, { ...request, url }, authorization, endpoint.insecure);
        if (candidate === 'http' && scheme === undefined && (await wantsHttps(arrived.response))) continue;
        scheme = candidate;
        return arrived;
      } catch (error) {
        if (!(error instanceof RequestFailure)) throw error;
        // With neither of them: what the first one said, unless only the certificate is wrong.
        if (failure === undefined || !isOtherProtocol(error)) failure = error;
        const mayBeOther = isOtherProtocol(error) || endpoint.insecure;
        if (scheme !== undefined || !mayBeOther) break;
      }
    }
    throw failure ?? new RequestFailure('REGISTRY', `${endpoint.host} speaks neither http nor https`);
  };

  return {
    endpoint,
    request: async (request) => {
      for (let renewed = false; ; renewed = true) {
        const authorization = await authorizer.current(request.signal);
        const { response, url } = await send(request, authorization?.header);
        const status = response.statusCode ?? 0;
        if (request.expected.includes(status)) return response;
        const ofEndpoint = url.origin === URL.parse(`${scheme}://${endpoint.host}`)?.origin;
        if (status === 401 && ofEndpoint && !renewed) {
          if (await authorizer.renew(response, url, authorization, request.signal)) {
            discard(response);
            continue;
          }
        }
        throw await refusal(response, request, authorizer, endpoint, pace);
      }
    },
  };
}

async function refusal(
  response: IncomingMessage,
  { kind, thing }: Request,
  authorizer: Authorizer,
  { registry, repository }: Endpoint,
  pace: Pace,
): Promise<RequestFailure> {
  const authenticated = authorizer.usedCredentials();
  const name = `${registry}/${repository}`;
  return authorizer.explain(await statusFailure(response, { registry, name, thing, kind, authenticated }, pace));
}

/** How servers for https answer plain http: Go's and nginx's with a page, others break the connection off. */
async function wantsHttps(response: IncomingMessage): Promise<boolean> {
  if (response.statusCode !== 400 || response.headers['docker-distribution-api-version'] !== undefined) return false;
  return /HTTPS (?:server|port)|https/i.test((await readExplanation(response)).toString('latin1'));
}
