import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer, request as httpRequest } from 'node:http';
import { type AddressInfo, connect, createServer as createTcpServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { startFaultRegistry } from '../../support/fault-registry/registry.ts';
import { clientFor, configWith, NEVER } from './client.ts';

const IMAGE = { layers: [Buffer.from('a layer')] };

async function unusedPort(): Promise<number> {
  const server = createTcpServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

describe('mirrors', () => {
  it('are asked first, the registry itself not at all', async (t) => {
    const mirror = await startFaultRegistry(t);
    const { manifest } = mirror.serve('library/debian:latest', IMAGE);
    const mirrors = [{ registry: mirror.host, prefix: '' }];
    const { repository } = clientFor(t, 'debian', { config: configWith({ 'docker.io': { mirrors } }) });
    assert.equal((await repository.manifest('latest', NEVER)).digest, manifest.digest);
    assert.equal(await repository.head('latest', NEVER), manifest.digest);
  });

  it('may have a prefix', async (t) => {
    const mirror = await startFaultRegistry(t);
    mirror.serve('hub/library/debian:latest', IMAGE);
    const mirrors = [{ registry: mirror.host, prefix: 'hub/' }];
    const { repository } = clientFor(t, 'debian', { config: configWith({ 'docker.io': { mirrors } }) });
    await repository.manifest('latest', NEVER);
  });

  it('are passed over in order when they lack the image, fail or are gone; one that is gone only once', async (t) => {
    const registry = await startFaultRegistry(t);
    const empty = await startFaultRegistry(t);
    const {
      manifest,
      layers: [layer],
    } = registry.serve('app:1', IMAGE);
    assert.ok(layer);
    const broken = await startFaultRegistry(t);
    broken.fault({ path: '/' }, { kind: 'status', status: 500 });
    const gone = `127.0.0.1:${await unusedPort()}`;
    const mirrors = [gone, broken.host, empty.host].map((host) => ({ registry: host, prefix: '' }));
    const client = clientFor(t, `${registry.host}/app`, { config: configWith({ [registry.host]: { mirrors } }) });
    assert.equal((await client.repository.manifest('1', NEVER)).digest, manifest.digest);
    await client.repository.downloadBlob(layer, { path: join(client.home, 'b'), onBytes: () => {}, signal: NEVER });
    assert.equal(broken.requests.length, 2);
    assert.equal(empty.requests.length, 2);
  });

  it('are named in the failure of the registry', async (t) => {
    const mirror = await startFaultRegistry(t);
    const registry = await startFaultRegistry(t);
    const mirrors = [{ registry: mirror.host, prefix: '' }];
    const { repository } = clientFor(t, `${registry.host}/app`, {
      config: configWith({ [registry.host]: { mirrors } }),
    });
    await assert.rejects(repository.manifest('1', NEVER), {
      code: 'NO_IMAGE',
      message: `${registry.host} has no ${registry.host}/app:1`,
      hint: new RegExp(`the mirror before it failed too: ${mirror.host} has no`),
    });
  });

  it('that send damaged blobs do no harm: the whole comes from the registry', async (t) => {
    const mirror = await startFaultRegistry(t);
    const registry = await startFaultRegistry(t);
    const bytes = Buffer.alloc(2_000_000, 'abc');
    const blob = registry.serveBlob(bytes);
    mirror.serveBlob(bytes);
    const mirrors = [{ registry: mirror.host, prefix: '' }];
    const client = clientFor(t, `${registry.host}/app`, { config: configWith({ [registry.host]: { mirrors } }) });
    const download = async (name: string): Promise<Buffer> => {
      const path = join(client.home, name);
      await client.repository.downloadBlob(blob, { path, onBytes: () => {}, signal: NEVER });
      return readFileSync(path);
    };
    mirror.fault({ path: '/blobs/', times: 1 }, { kind: 'corrupt', at: 7 });
    assert.ok((await download('first')).equals(bytes));
    // A part of it damaged from the mirror, and the rest from the registry.
    mirror.clearFaults();
    mirror.fault(
      { path: '/blobs/', times: 1 },
      {
        kind: 'answer',
        with: (_, response) => {
          response.writeHead(200, { 'Content-Length': bytes.length });
          response.write(Buffer.alloc(500_000, 'x'), () => setTimeout(() => response.destroy(), 50));
        },
      },
    );
    mirror.fault({ path: '/blobs/' }, { kind: 'status', status: 404 });
    assert.ok((await download('second')).equals(bytes));
  });
});

describe('TLS', () => {
  it('is spoken on this machine too, where http is not understood', async (t) => {
    const registry = await startFaultRegistry(t, { tls: true });
    const { manifest } = registry.serve('app:1', IMAGE);
    const certificates = registry.certificate?.path ?? '';
    const { repository } = clientFor(t, `${registry.host}/app`, {
      config: configWith({ [registry.host]: { certificates } }),
    });
    assert.equal((await repository.manifest('1', NEVER)).digest, manifest.digest);
    // As the system's list.
    const environment = { SSL_CERT_FILE: certificates };
    const other = clientFor(t, `${registry.host}/app`, { environment });
    assert.equal((await other.repository.manifest('1', NEVER)).digest, manifest.digest);
  });

  it('is found out from the page that servers answer http with', async (t) => {
    const registry = await startFaultRegistry(t, { tls: true });
    const { manifest } = registry.serve('app:1', IMAGE);
    const page = 'Client sent an HTTP request to an HTTPS server.\n';
    const answers = [
      `HTTP/1.0 400 Bad Request\r\n\r\n${page}`,
      `HTTP/1.1 400 Bad Request\r\nContent-Length: ${page.length}\r\n\r\n${page}`,
    ];
    for (const answer of answers) {
      const sockets = new Set<Socket>();
      const server = createTcpServer((socket) => {
        sockets.add(socket.on('error', () => {}));
        socket.once('data', (first) => {
          if (first[0] !== 0x16) return void socket.end(answer);
          const through = connect(Number(registry.host.split(':')[1]), '127.0.0.1', () => through.write(first));
          sockets.add(through.on('error', () => {}));
          socket.pipe(through).pipe(socket);
        });
      });
      t.after(() => {
        server.close();
        for (const socket of sockets) socket.destroy();
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const { port } = server.address() as AddressInfo;
      const certificates = registry.certificate?.path ?? '';
      const config = configWith({ [`127.0.0.1:${port}`]: { certificates } });
      const { repository } = clientFor(t, `127.0.0.1:${port}/app`, { config });
      assert.equal((await repository.manifest('1', NEVER)).digest, manifest.digest);
      assert.equal(await repository.head('1', NEVER), manifest.digest);
    }
  });

  it('needs a certificate that is trusted', async (t) => {
    const registry = await startFaultRegistry(t, { tls: true });
    registry.serve('app:1', IMAGE);
    const { repository } = clientFor(t, `${registry.host}/app`);
    await assert.rejects(repository.manifest('1', NEVER), {
      code: 'REGISTRY',
      message: /its certificate is not trusted \(DEPTH_ZERO_SELF_SIGNED_CERT\)/,
      hint: /certificates = /,
    });
    assert.equal(registry.requests.length, 0);
    const { repository: bold } = clientFor(t, `${registry.host}/app`, {
      config: configWith({ [registry.host]: { insecure: true } }),
    });
    await bold.manifest('1', NEVER);
  });

  it('needs a certificate of this name', async (t) => {
    const registry = await startFaultRegistry(t, { tls: true, address: '127.0.0.3' });
    registry.serve('app:1', IMAGE);
    const certificates = registry.certificate?.path ?? '';
    const { repository } = clientFor(t, `${registry.host}/app`, {
      config: configWith({ [registry.host]: { certificates } }),
    });
    await assert.rejects(repository.manifest('1', NEVER), {
      code: 'REGISTRY',
      message: /certificate is for another name/,
    });
  });

  it('says which file of certificates does not do', async (t) => {
    const registry = await startFaultRegistry(t, { tls: true });
    for (const certificates of ['/nonexistent/ca.pem', '/etc/passwd']) {
      const { repository } = clientFor(t, `${registry.host}/app`, {
        config: configWith({ [registry.host]: { certificates } }),
      });
      await assert.rejects(repository.manifest('1', NEVER), { code: 'REGISTRY', message: new RegExp(certificates) });
    }
  });
});

describe('what is no registry', () => {
  it('nobody listens', async (t) => {
    const { repository, waits } = clientFor(t, `127.0.0.1:${await unusedPort()}/app`);
    await assert.rejects(repository.manifest('1', NEVER), {
      code: 'REGISTRY',
      message: /nothing listens there \(ECONNREFUSED\)/,
    });
    assert.deepEqual(waits, []);
  });

  it('there is no such host', async (t) => {
    const { repository } = clientFor(t, 'registry.invalid/app');
    await assert.rejects(repository.manifest('1', NEVER), {
      code: 'REGISTRY',
      message: /^registry\.invalid: (?:there is no such host|the name cannot be looked up)/,
    });
  });

  it('something else listens', async (t) => {
    const server = createTcpServer((socket) => socket.end('SSH-2.0-OpenSSH_9.2\r\n'));
    t.after(() => server.close());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const { repository } = clientFor(t, `127.0.0.1:${port}/app`);
    await assert.rejects(repository.manifest('1', NEVER), { code: 'REGISTRY', message: /does not talk http/ });
  });

  it('somebody takes the connection and says nothing', async (t) => {
    const sockets = new Set<Socket>();
    const server = createTcpServer((socket) => sockets.add(socket));
    t.after(() => {
      server.close();
      for (const socket of sockets) socket.destroy();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const { repository } = clientFor(t, `127.0.0.1:${port}/app`, { idleMilliseconds: 300 });
    await assert.rejects(repository.manifest('1', NEVER), {
      code: 'REGISTRY',
      message: /nothing came for \d+ seconds/,
    });
  });
});

describe('proxies', () => {
  /** Passes everything on to one place, whatever host is asked for. */
  async function proxyTo(t: TestContext, port: number): Promise<{ url: string; asked: string[] }> {
    const asked: string[] = [];
    const server = createServer((incoming, outgoing) => {
      asked.push(incoming.url ?? '');
      const { pathname } = new URL(incoming.url ?? '');
      incoming.pipe(
        httpRequest({ port, path: pathname, method: incoming.method, headers: incoming.headers }, (response) => {
          outgoing.writeHead(response.statusCode ?? 500, response.headers);
          response.pipe(outgoing);
        }),
      );
    });
    server.on('connect', ({ url }: { url?: string }, socket: Socket) => {
      asked.push(`CONNECT ${url}`);
      const through = connect(port, '127.0.0.1', () => socket.write('HTTP/1.1 200 OK\r\n\r\n'));
      through.on('error', () => socket.destroy());
      socket.on('error', () => through.destroy());
      through.pipe(socket).pipe(through);
    });
    t.after(() => {
      server.closeAllConnections();
      server.close();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
  }

  it('of the environment are used for other hosts, by CONNECT for https', async (t) => {
    const registry = await startFaultRegistry(t, { tls: true });
    const { manifest } = registry.serve('app:1', IMAGE);
    const proxy = await proxyTo(t, Number(registry.host.split(':')[1]));
    const config = configWith({ 'registry.invalid': { insecure: true } });
    const { repository } = clientFor(t, 'registry.invalid/app', { config, environment: { https_proxy: proxy.url } });
    assert.equal((await repository.manifest('1', NEVER)).digest, manifest.digest);
    assert.deepEqual(proxy.asked, ['CONNECT registry.invalid:443']);
  });

  it('are used for plain http', async (t) => {
    const registry = await startFaultRegistry(t);
    registry.serve('app:1', IMAGE);
    const proxy = await proxyTo(t, Number(registry.host.split(':')[1]));
    const config = configWith({ 'registry.invalid': { insecure: true } });
    const { repository } = clientFor(t, 'registry.invalid/app', { config, environment: { http_proxy: proxy.url } });
    await repository.manifest('1', NEVER);
    assert.deepEqual(proxy.asked, ['http://registry.invalid/v2/app/manifests/1']);
  });

  it('are not used for this machine, and where no_proxy says so', async (t) => {
    const registry = await startFaultRegistry(t);
    registry.serve('app:1', IMAGE);
    const environment = {
      http_proxy: 'http://127.0.0.1:1',
      HTTPS_PROXY: 'http://127.0.0.1:1',
      no_proxy: 'registry.invalid',
    };
    await clientFor(t, `${registry.host}/app`, { environment }).repository.manifest('1', NEVER);
    const { repository } = clientFor(t, 'registry.invalid/app', { environment });
    await assert.rejects(repository.manifest('1', NEVER), { message: /no such host|cannot be looked up/ });
  });

  it('that are not there are named', async (t) => {
    const environment = { https_proxy: `http://127.0.0.1:${await unusedPort()}` };
    const { repository } = clientFor(t, 'registry.invalid/app', { environment });
    await assert.rejects(repository.manifest('1', NEVER), {
      code: 'REGISTRY',
      message: /registry\.invalid: .*ECONNREFUSED/,
    });
  });
});
