import assert from 'node:assert/strict';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { describe, it } from 'node:test';
import { parseImageConfig } from '../../../src/image/image-config.ts';
import { parseManifest } from '../../../src/image/manifest.ts';
import { choosePlatform, parsePlatform } from '../../../src/image/platform.ts';
import { startFaultRegistry } from '../../support/fault-registry/registry.ts';
import { clientFor, NEVER } from './client.ts';

const IMAGE = { layers: [Buffer.from('a layer')] };

describe('Repository.manifest', () => {
  it('gives a manifest by tag and by digest, with its media type', async (t) => {
    const registry = await startFaultRegistry(t);
    const { manifest } = registry.serve('team/app:1', IMAGE);
    const { repository } = clientFor(t, `${registry.host}/team/app`);
    const expected = { bytes: manifest.bytes, mediaType: manifest.mediaType, digest: manifest.digest };
    assert.deepEqual(await repository.manifest('1', NEVER), expected);
    assert.deepEqual(await repository.manifest(manifest.digest, NEVER), expected);
    assert.equal(await repository.head('1', NEVER), manifest.digest);
    const [first] = registry.requests;
    assert.match(String(first?.headers.accept), /oci\.image\.index.*manifest\.list/);
    assert.equal(registry.requests.length, 3);
  });

  it('gives an index, and the image of a platform in it', async (t) => {
    const registry = await startFaultRegistry(t);
    const parts = (platform: string) => ({ platform, parts: { layers: [Buffer.from(platform)] } });
    const [, arm] = registry.serveIndex('app:1', [parts('linux/amd64'), parts('linux/arm64/v8')]);
    const { repository } = clientFor(t, `${registry.host}/app`);
    const fetched = await repository.manifest('1', NEVER);
    const index = parseManifest(fetched.bytes, fetched.mediaType);
    assert.equal(index.kind, 'index');
    const chosen = choosePlatform(index, parsePlatform('linux/arm64'));
    assert.equal(chosen.digest, arm?.manifest.digest);
    const { bytes, mediaType } = await repository.manifest(chosen.digest, NEVER);
    const manifest = parseManifest(bytes, mediaType);
    assert.equal(manifest.kind === 'manifest' && manifest.layers[0]?.digest, arm?.layers[0]?.digest);
    const config = parseImageConfig(arm?.config.bytes ?? Buffer.alloc(0));
    assert.deepEqual(config.platform, chosen.platform);
  });

  it('does not read on where a refusal has no end', async (t) => {
    const registry = await startFaultRegistry(t);
    registry.serve('app:1', IMAGE);
    let sent = 0;
    const endless = (_: IncomingMessage, response: ServerResponse): void => {
      response.writeHead(404);
      const more = (): void => {
        sent += 1 << 20;
        if (!response.destroyed && sent < 1 << 30) response.write(Buffer.alloc(1 << 20), more);
      };
      more();
    };
    registry.fault({ path: '/manifests/1' }, { kind: 'answer', with: endless });
    const { repository } = clientFor(t, `${registry.host}/app`);
    await assert.rejects(repository.manifest('1', NEVER), { code: 'NO_IMAGE' });
    assert.ok(sent < 64 << 20);
  });

  it('says which image or tag there is not', async (t) => {
    const registry = await startFaultRegistry(t);
    registry.serve('app:1', IMAGE);
    const { repository } = clientFor(t, `${registry.host}/app`);
    await assert.rejects(repository.manifest('2', NEVER), {
      code: 'NO_IMAGE',
      message: `${registry.host} has no ${registry.host}/app:2`,
    });
    await assert.rejects(repository.head('2', NEVER), { code: 'NO_IMAGE' });
    const errors = JSON.stringify({ errors: [{ code: 'NAME_UNKNOWN', message: 'x' }] });
    registry.fault({ path: '/manifests/3' }, { kind: 'status', status: 404, body: errors });
    await assert.rejects(repository.manifest('3', NEVER), {
      message: `${registry.host} has no image ${registry.host}/app`,
    });
  });

  it('refuses one that is not what its digest says', async (t) => {
    const registry = await startFaultRegistry(t);
    const { manifest } = registry.serve('app:1', IMAGE);
    registry.fault({ path: '/manifests/' }, { kind: 'corrupt', at: 5 });
    const { repository } = clientFor(t, `${registry.host}/app`);
    await assert.rejects(repository.manifest(manifest.digest, NEVER), { code: 'CORRUPT' });
    await assert.rejects(repository.manifest('1', NEVER), { code: 'CORRUPT' });
    assert.equal(registry.requests.length, 2);
  });

  it('reads no more than 4 MiB, whether the length is announced or not', async (t) => {
    const registry = await startFaultRegistry(t);
    let sent = 0;
    registry.fault(
      { path: '/manifests/endless' },
      {
        kind: 'answer',
        with: (_, response) => {
          const more = (): void => {
            sent += 1 << 20;
            if (!response.destroyed) response.write(Buffer.alloc(1 << 20), more);
          };
          more();
        },
      },
    );
    const headers = { 'Content-Length': String(1e9) };
    registry.fault(
      { path: '/manifests/long' },
      { kind: 'answer', with: (_, response) => void response.writeHead(200, headers).write('x') },
    );
    const { repository } = clientFor(t, `${registry.host}/app`);
    await assert.rejects(repository.manifest('endless', NEVER), { code: 'INVALID', message: /over 4 MiB/ });
    await assert.rejects(repository.manifest('long', NEVER), { code: 'INVALID', message: /over 4 MiB/ });
    assert.ok(sent < 32 << 20);
  });

  it('does without the digest in a HEAD', async (t) => {
    const registry = await startFaultRegistry(t);
    const { repository } = clientFor(t, `${registry.host}/app`);
    registry.fault({ path: '/manifests/none' }, { kind: 'status', status: 200 });
    registry.fault(
      { path: '/manifests/odd' },
      { kind: 'status', status: 200, headers: { 'Docker-Content-Digest': 'x' } },
    );
    registry.fault({ path: '/manifests/refused' }, { kind: 'status', status: 405 });
    for (const tag of ['none', 'odd', 'refused']) assert.equal(await repository.head(tag, NEVER), undefined);
  });

  it('tries again after what passes: 5xx, resets and silence, with growing waits', async (t) => {
    const registry = await startFaultRegistry(t);
    const { manifest } = registry.serve('app:1', IMAGE);
    const { repository, waits } = clientFor(t, `${registry.host}/app`, { idleMilliseconds: 500 });
    registry.fault({ path: '/manifests/1', times: 1 }, { kind: 'status', status: 503 });
    registry.fault({ path: '/manifests/1', times: 1 }, { kind: 'truncate', after: 10 });
    registry.fault({ path: '/manifests/1', times: 1 }, { kind: 'stall' });
    registry.fault({ path: '/manifests/1', times: 1 }, { kind: 'stall', after: 10 });
    assert.equal((await repository.manifest('1', NEVER)).digest, manifest.digest);
    assert.deepEqual(waits, [375, 750, 1500, 3000]);
  });

  it('gives up after five tries, with what the registry said', async (t) => {
    const registry = await startFaultRegistry(t);
    const body = `{"errors":[{"code":"UNKNOWN","message":"out of\\u001b[31m order${'!'.repeat(2000)}"}]}`;
    registry.fault({ path: '/manifests/' }, { kind: 'status', status: 500, body });
    const { repository } = clientFor(t, `${registry.host}/app`);
    await assert.rejects(repository.manifest('1', NEVER), (error: Error & { code?: string }) => {
      assert.equal(error.code, 'REGISTRY');
      assert.match(error.message, /answers 500 for .*\/app:1: out of \[31m order!{100}/);
      assert.ok(error.message.length < 500);
      return true;
    });
    assert.equal(registry.requests.length, 5);
  });

  it('does not try again what will not pass', async (t) => {
    const registry = await startFaultRegistry(t);
    registry.fault({ path: '/manifests/400' }, { kind: 'status', status: 400, body: '<html>nonsense</html>' });
    registry.fault({ path: '/manifests/403' }, { kind: 'status', status: 403 });
    const { repository } = clientFor(t, `${registry.host}/app`);
    await assert.rejects(repository.manifest('400', NEVER), {
      code: 'REGISTRY',
      message: `${registry.host} answers 400 for ${registry.host}/app:400`,
    });
    await assert.rejects(repository.manifest('403', NEVER), { code: 'DENIED', hint: /sandbox login 127/ });
    assert.equal(registry.requests.length, 2);
  });

  it('honours Retry-After, up to a minute', async (t) => {
    const registry = await startFaultRegistry(t);
    registry.serve('app:1', IMAGE);
    const { repository, waits } = clientFor(t, `${registry.host}/app`);
    const after = (value: string) => ({ 'Retry-After': value });
    registry.fault({ path: '/manifests/1', times: 1 }, { kind: 'status', status: 503, headers: after('7') });
    registry.fault({ path: '/manifests/1', times: 1 }, { kind: 'status', status: 429, headers: after('60') });
    await repository.manifest('1', NEVER);
    assert.deepEqual(waits, [7000, 60_000]);
    const date = new Date(Date.now() + 7_200_000).toUTCString();
    registry.fault({ path: '/manifests/1' }, { kind: 'status', status: 429, headers: after(date) });
    await assert.rejects(repository.manifest('1', NEVER), {
      code: 'DENIED',
      message: /no more requests of yours for 120 minutes/,
    });
    assert.equal(waits.length, 2);
  });

  it("explains docker.io's limit at once, and how to get around it", async (t) => {
    const registry = await startFaultRegistry(t);
    const message = 'You have reached your unauthenticated pull rate limit. https://www.docker.com/increase-rate-limit';
    const body = JSON.stringify({ errors: [{ code: 'TOOMANYREQUESTS', message }] });
    registry.fault({ path: '/manifests/' }, { kind: 'status', status: 429, body });
    const { repository, waits } = clientFor(t, `${registry.host}/app`);
    await assert.rejects(repository.manifest('1', NEVER), {
      code: 'DENIED',
      message: /429 too many requests\): You have reached your/,
      hint: /sandbox login .* gives a higher limit; a mirror/,
    });
    assert.deepEqual(waits, []);
  });

  it('ends when it is told to, while it waits for an answer too', async (t) => {
    const registry = await startFaultRegistry(t);
    registry.fault({ path: '/manifests/' }, { kind: 'stall' });
    const { repository } = clientFor(t, `${registry.host}/app`);
    await assert.rejects(repository.manifest('1', AbortSignal.timeout(50)), { name: 'TimeoutError' });
    await assert.rejects(repository.manifest('1', AbortSignal.abort()), { name: 'AbortError' });
  });
});
