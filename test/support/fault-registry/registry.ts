import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { type Access, authorize } from './access.ts';
import { type Certificate, makeCertificate } from './certificate.ts';
import { answer, contentFrom, sendContent } from './content.ts';
import { type Fault, isEarly, spoil, strikeEarly } from './fault.ts';
import { type Content, type ImageParts, type MadeImage, makeImage, makeIndex } from './image.ts';

/*
 * A registry in the process of the test, which serves images made from parts and goes wrong as it is told:
 *
 *   const registry = await startFaultRegistry(t);                         // plain http on a loopback port; ends with the test
 *   const image = registry.serve('app:1', { layers: [gzipSync(tar)] });   // -> sandbox image pull `${registry.host}/app:1`
 *   registry.fault({ path: `/blobs/${image.layers[0].digest}`, times: 1 }, { kind: 'reset', after: 1000 });
 *   …
 *   assert.equal(registry.requests.filter(({ path }) => path.includes('/blobs/')).length, 4);
 *
 * Digests and sizes are computed from the parts; `override` in ImageParts makes manifests and configs that lie.
 * The faults are in fault.ts, the kinds of access control in access.ts.
 */

export interface FaultRegistryOptions {
  /** https with a certificate that nobody trusts but who is given `certificate.path`. */
  readonly tls?: boolean;
  readonly access?: Access;
  /** Whether `Range` is obeyed; without, the whole blob comes with 200. */
  readonly ranges?: boolean;
  /** `127.0.0.1` if left out. */
  readonly address?: string;
}

export interface SeenRequest {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly query: string;
  readonly headers: IncomingMessage['headers'];
  /** Of a POST to the token service. */
  readonly body: string;
}

/** Which requests a fault is for. */
export interface FaultRule {
  /** A part of the path, or an expression for it. */
  readonly path: string | RegExp;
  readonly method?: string;
  /** How many of the matching requests; all if left out. */
  readonly times?: number;
  /** How many of the matching requests pass unharmed first. */
  readonly after?: number;
}

export interface FaultRegistry {
  /** `127.0.0.1:PORT`, as it stands in references. */
  readonly host: string;
  readonly url: string;
  /** Every request so far, in order, refused ones included. */
  readonly requests: readonly SeenRequest[];
  /** With `tls`: PEM, and the path of a file with it. */
  readonly certificate: Certificate | undefined;
  /** Makes an image and serves it as `NAME:TAG`, and by digest. */
  readonly serve: (name: string, parts: ImageParts) => MadeImage;
  /** Serves an index over images as `NAME:TAG`; `platform` is `linux/arm64`. */
  readonly serveIndex: (name: string, entries: ReadonlyArray<{ platform: string; parts: ImageParts }>) => MadeImage[];
  /** Serves bytes as the manifest `NAME:TAG` with a media type, whatever they are. */
  readonly serveManifest: (name: string, bytes: Buffer, mediaType: string) => Content;
  /** Serves bytes as a blob of every repository. */
  readonly serveBlob: (bytes: Buffer) => Content;
  /** Faults are tried in the order in which they were set. */
  readonly fault: (rule: FaultRule, fault: Fault) => void;
  readonly clearFaults: () => void;
  readonly close: () => Promise<void>;
}

/** Starts a registry on a free loopback port; it ends with the test. */
export async function startFaultRegistry(
  t: Pick<TestContext, 'after'>,
  options: FaultRegistryOptions = {},
): Promise<FaultRegistry> {
  const blobs = new Map<string, Content>();
  const manifests = new Map<string, Content>();
  const requests: SeenRequest[] = [];
  const sockets = new Set<Socket>();
  let faults: Array<{ rule: FaultRule; fault: Fault; seen: number }> = [];
  const certificate = options.tls === true ? await makeCertificate(t) : undefined;

  const keep = (image: MadeImage): void => {
    for (const blob of [image.config, ...image.layers]) blobs.set(blob.digest, blob);
    manifests.set(image.manifest.digest, image.manifest);
  };
  const contentOf = (path: string): Content | undefined => {
    const match = /^\/v2\/(.+)\/(manifests|blobs)\/([^/]+)$/.exec(path);
    if (match === null) return undefined;
    const [, name = '', kind, what = ''] = match;
    if (kind === 'blobs') return blobs.get(what);
    return manifests.get(what) ?? manifests.get(`${name}:${what}`);
  };
  const faultFor = (request: SeenRequest): Fault | undefined => {
    for (const each of faults) {
      const { path, method, times = Number.POSITIVE_INFINITY, after = 0 } = each.rule;
      const matches = typeof path === 'string' ? request.path.includes(path) : path.test(request.path);
      if (!matches || (method !== undefined && method !== request.method)) continue;
      each.seen += 1;
      if (each.seen > after && each.seen <= after + times) return each.fault;
    }
    return undefined;
  };
  const handle = async (message: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { pathname, search } = new URL(message.url ?? '/', 'http://registry');
    const body = await bodyOf(message);
    const { method = '', headers } = message;
    const request = { method, path: decodeURIComponent(pathname), query: search.slice(1), headers, body };
    requests.push(request);
    const fault = faultFor(request);
    // Before the access control, so that it can go wrong too.
    if (fault !== undefined && isEarly(fault)) {
      strikeEarly(fault, message, response);
      return;
    }
    if (options.access !== undefined && authorize(options.access, request, response, base)) return;
    if (request.path === '/v2/') {
      answer(response, 200, {}, Buffer.from('{}'));
      return;
    }
    const content = contentOf(request.path);
    if (content === undefined) {
      const code = request.path.includes('/blobs/') ? 'BLOB_UNKNOWN' : 'MANIFEST_UNKNOWN';
      const errors = [{ code, message: 'unknown to registry' }];
      answer(response, 404, { 'Content-Type': 'application/json' }, Buffer.from(JSON.stringify({ errors })));
      return;
    }
    if (fault !== undefined) spoil(fault, message, response, content);
    else sendContent(message, response, content, options.ranges !== false);
  };

  const listener = (message: IncomingMessage, response: ServerResponse): void => {
    handle(message, response).catch(() => response.destroy());
  };
  const server = certificate === undefined ? createHttpServer(listener) : createHttpsServer(certificate, listener);
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
  });
  const address = options.address ?? '127.0.0.1';
  await new Promise<void>((resolve) => server.listen(0, address, resolve));
  const host = `${address.includes(':') ? `[${address}]` : address}:${(server.address() as AddressInfo).port}`;
  const base = `${options.tls === true ? 'https' : 'http'}://${host}`;
  let closed: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closed ??= new Promise((resolve) => {
      server.close(() => resolve());
      for (const socket of sockets) socket.destroy();
    });
    return closed;
  };
  t.after(close);

  return {
    host,
    url: base,
    requests,
    certificate,
    serve: (name, parts) => {
      const image = makeImage(parts);
      keep(image);
      manifests.set(name, image.manifest);
      return image;
    },
    serveIndex: (name, entries) => {
      const images = entries.map(({ platform, parts }) => ({ platform, image: makeImage({ platform, ...parts }) }));
      for (const { image } of images) keep(image);
      const index = makeIndex(images);
      manifests.set(name, index);
      manifests.set(index.digest, index);
      return images.map(({ image }) => image);
    },
    serveManifest: (name, bytes, mediaType) => {
      const content = contentFrom(bytes, mediaType);
      manifests.set(name, content);
      manifests.set(content.digest, content);
      return content;
    },
    serveBlob: (bytes) => {
      const content = contentFrom(bytes, 'application/octet-stream');
      blobs.set(content.digest, content);
      return content;
    },
    fault: (rule, fault) => {
      faults.push({ rule, fault, seen: 0 });
    },
    clearFaults: () => {
      faults = [];
    },
    close,
  };
}

async function bodyOf(message: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}
