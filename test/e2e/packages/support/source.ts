import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';

/** A web server of one test on a free loopback port, from which package managers download. */
export interface Source {
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  /** What it has, by path. What is taken out is not found any more. */
  readonly files: Map<string, string | Buffer>;
  /** Paths that were asked for, in order. */
  readonly asked: string[];
}

/** Starts it. Everything that it gives may be kept for ever, as with the registries of these managers. */
export async function startSource(t: TestContext): Promise<Source> {
  const files = new Map<string, string | Buffer>();
  const asked: string[] = [];
  const server = createServer(({ url = '' }, response) => {
    asked.push(url);
    const found = files.get(url);
    const type = typeof found === 'string' ? (/^[{[]/.test(found) ? 'application/json' : 'text/html') : undefined;
    response.writeHead(found === undefined ? 404 : 200, {
      'Cache-Control': found instanceof Buffer ? 'max-age=365000000, immutable' : 'no-cache',
      'Content-Type': type ?? 'application/octet-stream',
      'Content-Length': found === undefined ? 0 : Buffer.byteLength(found),
    });
    response.end(found);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, files, asked };
}
