import type { IncomingMessage } from 'node:http';
import type { Config, Environment } from '../../config/config.ts';
import { type Digest, digestOf, digestParts, parseDigest } from '../../store/digest.ts';
import { MOST_JSON_BYTES } from '../checked-json.ts';
import { ACCEPTED_MANIFESTS, bareMediaType } from '../media-type.ts';
import type { Descriptor, Reference } from '../model.ts';
import { downloadBlob } from './blob.ts';
import { type Connection, openConnection } from './connection.ts';
import { credentialsFrom } from './credentials.ts';
import { endpointsOf } from './endpoint.ts';
import { RequestFailure } from './failure.ts';
import { readBody } from './limited-body.ts';
import { type Pace, USUAL_PACE } from './pace.ts';
import { retrying, type Wait } from './retry.ts';
import { fromAny, type Source } from './source.ts';

/** A repository of a registry, with the mirrors that are configured for it. */
export interface Repository {
  /** Gives a manifest or an index: not parsed, and not over 4 MiB; of a digest, verified. */
  readonly manifest: (tagOrDigest: string, signal: AbortSignal) => Promise<FetchedManifest>;
  /** Asks only for the digest, which docker.io does not count as a pull; undefined where the registry does not say it. */
  readonly head: (tagOrDigest: string, signal: AbortSignal) => Promise<Digest | undefined>;
  /** Downloads a blob into a file and verifies size and digest; see `downloadBlob`. */
  readonly downloadBlob: (descriptor: Descriptor, options: DownloadOptions) => Promise<void>;
}

export interface FetchedManifest {
  readonly bytes: Buffer;
  /** As the registry calls it, without parameters; empty where it does not say. */
  readonly mediaType: string;
  readonly digest: Digest;
}

export interface DownloadOptions {
  /** Of the file to write: it may hold a part of the blob already, which is not downloaded again. */
  readonly path: string;
  /** Bytes that the file has now. */
  readonly onBytes: (totalOnDisk: number) => void;
  /** What the file had is thrown away: it is empty now. */
  readonly onReset?: () => void;
  readonly signal: AbortSignal;
}

export interface RepositoryOptions {
  readonly config: Config;
  readonly environment: Environment;
  /** Something went wrong that may pass, and is tried again after a while. */
  readonly onWait?: (wait: Wait) => void;
  readonly pace?: Pace;
}

/** Opens nothing yet: connections are made by the first request. */
export function openRepository(reference: Reference, options: RepositoryOptions): Repository {
  const { config, environment, onWait, pace = USUAL_PACE } = options;
  const credentials = credentialsFrom(environment);
  const connections = endpointsOf(reference, { config, environment, pace }).map((endpoint) =>
    openConnection(endpoint, credentials, pace),
  );
  const source: Source = { connections, pace, onWait, down: new Set() };
  const ask = async <T>(signal: AbortSignal, work: (connection: Connection) => Promise<T>): Promise<T> =>
    await fromAny(source, signal, (connection, tries) =>
      retrying({ pace, signal, tries, onWait }, () => work(connection)),
    );
  const name = `${reference.registry}/${reference.repository}`;
  return {
    manifest: async (tagOrDigest, signal) =>
      await ask(signal, (connection) => fetchManifest(connection, name, tagOrDigest, signal)),
    head: async (tagOrDigest, signal) =>
      await ask(signal, async (connection) => {
        const response = await connection.request(manifestRequest('HEAD', connection, name, tagOrDigest, signal));
        response.resume();
        return parseDigest(response.headers['docker-content-digest']);
      }),
    downloadBlob: async (descriptor, download) => await downloadBlob(source, descriptor, download),
  };
}

function manifestRequest(
  method: 'GET' | 'HEAD',
  { endpoint }: Connection,
  name: string,
  tagOrDigest: string,
  signal: AbortSignal,
) {
  return {
    method,
    path: `${endpoint.repository}/manifests/${tagOrDigest}`,
    headers: { Accept: ACCEPTED_MANIFESTS.join(', ') },
    signal,
    thing: `${name}${parseDigest(tagOrDigest) === undefined ? ':' : '@'}${tagOrDigest}`,
    kind: 'manifest',
    // Some registries know no HEAD.
    expected: method === 'HEAD' ? [200, 405] : [200],
  } as const;
}

async function fetchManifest(
  connection: Connection,
  name: string,
  tagOrDigest: string,
  signal: AbortSignal,
): Promise<FetchedManifest> {
  const request = manifestRequest('GET', connection, name, tagOrDigest, signal);
  const response = await connection.request(request);
  const bytes = await readBody(
    response,
    connection.endpoint,
    MOST_JSON_BYTES,
    () =>
      new RequestFailure('INVALID', `the manifest of ${request.thing} is over 4 MiB`, {
        hint: 'no image needs so much',
      }),
  );
  checkDigest(response, bytes, request.thing, parseDigest(tagOrDigest));
  const wanted = parseDigest(tagOrDigest);
  const digest = wanted ?? digestOf(bytes);
  return { bytes, mediaType: bareMediaType(response.headers['content-type']), digest };
}

/** A manifest that was asked for by its digest must have it; by tag, it must have the one that came with it. */
function checkDigest(response: IncomingMessage, bytes: Buffer, thing: string, wanted: Digest | undefined): void {
  const expected = wanted ?? parseDigest(response.headers['docker-content-digest']);
  if (expected === undefined) return;
  const got = digestOf(bytes, digestParts(expected).algorithm);
  if (got === expected) return;
  throw new RequestFailure('CORRUPT', `the manifest of ${thing} is damaged: its digest is ${got}, not ${expected}`, {
    hint: 'something between here and the registry changed it, or it is damaged there',
  });
}
