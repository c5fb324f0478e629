import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import type { Access } from '../../support/fault-registry/access.ts';
import { type FaultRegistry, startFaultRegistry } from '../../support/fault-registry/registry.ts';
import { type Client, clientFor, configWith, directoryFor, NEVER } from './client.ts';

const IMAGE = { layers: [Buffer.from('a layer')] };
const ANN = { username: 'ann', password: 'pass:wörd' };
const ANN_AUTH = Buffer.from('ann:pass:wörd').toString('base64');

/** A registry with an image, and a client whose file of credentials has these entries. */
async function setUp(
  t: TestContext,
  access: Access,
  auths: (host: string) => Readonly<Record<string, unknown>> = () => ({}),
): Promise<{ registry: FaultRegistry; client: Client }> {
  const registry = await startFaultRegistry(t, { access });
  registry.serve('team/app:1', IMAGE);
  const directory = directoryFor(t);
  mkdirSync(join(directory, 'containers'));
  writeFileSync(join(directory, 'containers/auth.json'), JSON.stringify({ auths: auths(registry.host) }));
  const client = clientFor(t, `${registry.host}/team/app`, { environment: { XDG_RUNTIME_DIR: directory } });
  return { registry, client };
}

function authorizations({ requests }: FaultRegistry): Array<string | undefined> {
  return requests.map(({ headers }) => headers.authorization?.split(' ')[0]);
}

describe('access by basic authentication', () => {
  it('sends the password when it is asked to, and not before', async (t) => {
    const { registry, client } = await setUp(t, { kind: 'basic', ...ANN }, (host) => ({ [host]: { auth: ANN_AUTH } }));
    await client.repository.manifest('1', NEVER);
    await client.repository.manifest('1', NEVER);
    assert.deepEqual(authorizations(registry), [undefined, 'Basic', 'Basic']);
  });

  it('says what to do without a login, and with one that is not accepted', async (t) => {
    const { registry, client } = await setUp(t, { kind: 'basic', ...ANN });
    await assert.rejects(client.repository.manifest('1', NEVER), {
      code: 'DENIED',
      message: `${registry.host} gives no access to ${registry.host}/team/app (401): authentication required`,
      hint: /check the name, or `sandbox login 127/,
    });
    const wrong = Buffer.from('ann:wrong').toString('base64');
    const other = await setUp(t, { kind: 'basic', ...ANN }, (host) => ({ [host]: { auth: wrong } }));
    await assert.rejects(other.client.repository.manifest('1', NEVER), {
      code: 'DENIED',
      hint: /your account may not pull it/,
    });
    assert.equal(other.registry.requests.length, 2);
  });
});

describe('access by tokens', () => {
  it('gets a token without a login where everybody gets one', async (t) => {
    const { registry, client } = await setUp(t, { kind: 'token' });
    await client.repository.manifest('1', NEVER);
    await client.repository.manifest('1', NEVER);
    const [, token, ...more] = registry.requests;
    assert.equal(token?.path, '/token');
    assert.deepEqual(Object.fromEntries(new URLSearchParams(token.query)), {
      service: 'the registry',
      scope: 'repository:team/app:pull',
    });
    assert.equal(token.headers.authorization, undefined);
    assert.equal(more.length, 2);
  });

  it('gets one with the password, which the registry itself never sees', async (t) => {
    const { registry, client } = await setUp(t, { kind: 'token', ...ANN }, (host) => ({ [host]: { auth: ANN_AUTH } }));
    await client.repository.manifest('1', NEVER);
    assert.deepEqual(authorizations(registry), [undefined, 'Basic', 'Bearer']);
    assert.match(registry.requests[1]?.query ?? '', /account=ann/);
  });

  it('gets one with an identity token, in the body of a POST', async (t) => {
    const access = { kind: 'token', username: 'x', password: 'y', identityToken: 'secret' } as const;
    const { registry, client } = await setUp(t, access, (host) => ({ [host]: { identitytoken: 'secret' } }));
    await client.repository.manifest('1', NEVER);
    const [, token] = registry.requests;
    assert.equal(token?.method, 'POST');
    assert.equal(token.query, '');
    assert.equal(new URLSearchParams(token.body).get('refresh_token'), 'secret');
  });

  it('gets another one when the registry refuses the old one, one for all that wait', async (t) => {
    const { registry, client } = await setUp(t, { kind: 'token', uses: 3 });
    for (let count = 0; count < 3; count++) await client.repository.manifest('1', NEVER);
    await Promise.all([client.repository.manifest('1', NEVER), client.repository.manifest('1', NEVER)]);
    assert.equal(registry.requests.filter(({ path }) => path === '/token').length, 2);
  });

  it('gets another one before the old one expires', async (t) => {
    const { registry, client } = await setUp(t, { kind: 'token', expiresIn: 100 });
    await client.repository.manifest('1', NEVER);
    await client.repository.manifest('1', NEVER);
    client.pass(95_000);
    await client.repository.manifest('1', NEVER);
    const tags = registry.requests.map(({ path }) => path.split('/').at(-1));
    assert.deepEqual(tags, ['1', 'token', '1', '1', 'token', '1']);
  });

  it('says which password was not accepted', async (t) => {
    const wrong = Buffer.from('ann:wrong').toString('base64');
    const { registry, client } = await setUp(t, { kind: 'token', ...ANN }, (host) => ({ [host]: { auth: wrong } }));
    await assert.rejects(client.repository.manifest('1', NEVER), {
      code: 'DENIED',
      message: `${registry.host} does not accept the username and password (401): incorrect username or password`,
      hint: /sandbox logout/,
    });
  });

  it('says that the image may be private or missing where the token does not help', async (t) => {
    const { registry, client } = await setUp(t, { kind: 'token', uses: 0 });
    await assert.rejects(client.repository.manifest('1', NEVER), {
      code: 'DENIED',
      hint: /there is no such image, or it is private/,
    });
    assert.equal(registry.requests.length, 3);
  });

  for (const realm of ['http://token.example.org/x', 'ftp://token.example.org/x', 'http://[', '']) {
    it(`sends nothing to a token service at ${JSON.stringify(realm)}`, async (t) => {
      const access = { kind: 'token', ...ANN, realm } as const;
      const { client } = await setUp(t, access, (host) => ({ [host]: { auth: ANN_AUTH } }));
      await assert.rejects(client.repository.manifest('1', NEVER), {
        code: 'REGISTRY',
        message: /sends us to .* for a token: that is (?:plain http|not of the web|no address)/,
      });
    });
  }

  it('does not follow a token service that sends the password elsewhere', async (t) => {
    const thief = await startFaultRegistry(t);
    const { registry, client } = await setUp(t, { kind: 'token', ...ANN }, (host) => ({ [host]: { auth: ANN_AUTH } }));
    registry.fault({ path: '/token' }, { kind: 'redirect', to: `${thief.url}/token` });
    await assert.rejects(client.repository.manifest('1', NEVER), { code: 'NO_IMAGE' });
    assert.equal(thief.requests.length, 1);
    assert.equal(thief.requests[0]?.headers.authorization, undefined);
  });

  for (const body of [
    '',
    '[]',
    '{"token":5}',
    '{"token":"a b"}',
    '{"token":"a\\nb"}',
    `{"token":"${'x'.repeat(2 << 20)}"}`,
  ]) {
    it(`refuses ${body.slice(0, 20)} as the answer of the token service`, async (t) => {
      const { registry, client } = await setUp(t, { kind: 'token' });
      registry.fault({ path: '/token' }, { kind: 'status', status: 200, body });
      await assert.rejects(client.repository.manifest('1', NEVER), {
        code: 'REGISTRY',
        message: /request for a token is not valid/,
      });
    });
  }

  it('tries again where the token service is in trouble', async (t) => {
    const { registry, client } = await setUp(t, { kind: 'token' });
    registry.fault({ path: '/token', times: 2 }, { kind: 'status', status: 502 });
    await client.repository.manifest('1', NEVER);
    assert.equal(client.waits.length, 2);
  });

  it('prefers a token where both are offered, and passes over what it does not know', async (t) => {
    const { registry, client } = await setUp(t, { kind: 'token' });
    const challenge = `Negotiate abc, Basic realm="x", Bearer realm="${registry.url}/token",service="a, b"`;
    registry.fault(
      { path: '/manifests/', times: 1 },
      { kind: 'status', status: 401, headers: { 'WWW-Authenticate': challenge } },
    );
    await client.repository.manifest('1', NEVER);
    const [, token] = registry.requests;
    // No scope was named: it is asked for all the same.
    assert.deepEqual(Object.fromEntries(new URLSearchParams(token?.query)), {
      service: 'a, b',
      scope: 'repository:team/app:pull',
    });
  });
});

describe('redirects', () => {
  async function redirected(t: TestContext, to: (own: FaultRegistry, other: FaultRegistry) => string) {
    const other = await startFaultRegistry(t);
    const { registry, client } = await setUp(t, { kind: 'basic', ...ANN }, (host) => ({ [host]: { auth: ANN_AUTH } }));
    const {
      layers: [layer],
    } = other.serve('team/app:1', IMAGE);
    assert.ok(layer);
    registry.fault({ path: '/blobs/', after: 1, times: 1 }, { kind: 'redirect', to: to(registry, other) });
    const path = join(client.home, 'blob');
    const download = () => client.repository.downloadBlob({ ...layer }, { path, onBytes: () => {}, signal: NEVER });
    return { registry, other, client, layer, download };
  }

  it('are followed to another host, without the password', async (t) => {
    const { other, layer, download } = await redirected(
      t,
      (_, { url }) => `${url}/v2/x/blobs/sha256:${'0'.repeat(64)}`,
    );
    other.fault({ path: '/x/blobs/' }, { kind: 'answer', with: (_, response) => void response.end(layer.bytes) });
    await download();
    assert.deepEqual(authorizations(other), [undefined]);
  });

  it('are followed on the same host, with it', async (t) => {
    const { registry, layer, download } = await redirected(t, () => '/elsewhere/blob?signature=x');
    registry.fault(
      { path: '/elsewhere/blob' },
      { kind: 'answer', with: (_, response) => void response.end(layer.bytes) },
    );
    await download();
    assert.deepEqual(authorizations(registry).slice(-2), ['Basic', 'Basic']);
    assert.equal(registry.requests.at(-1)?.query, 'signature=x');
  });

  it('do not get the password by a detour over another host that asks for it', async (t) => {
    const { other, download } = await redirected(t, (_, { url }) => `${url}/v2/x/blobs/y`);
    const headers = { 'WWW-Authenticate': 'Basic realm="give it to me"' };
    other.fault({ path: '/x/blobs/' }, { kind: 'status', status: 401, headers });
    await assert.rejects(download(), { code: 'DENIED' });
    assert.deepEqual(authorizations(other), [undefined]);
  });

  it('do not go round in circles', async (t) => {
    const registry = await startFaultRegistry(t);
    registry.fault({ path: '/manifests/1' }, { kind: 'redirect', to: '/v2/app/manifests/2' });
    registry.fault({ path: '/manifests/2' }, { kind: 'redirect', to: '/v2/app/manifests/1' });
    const { repository } = clientFor(t, `${registry.host}/app`);
    await assert.rejects(repository.manifest('1', NEVER), { code: 'REGISTRY', message: /redirects in a circle/ });
    assert.equal(registry.requests.length, 2);
  });

  it('do not go on for ever', async (t) => {
    const registry = await startFaultRegistry(t);
    for (let step = 1; step < 20; step++) {
      registry.fault({ path: new RegExp(`/manifests/${step}$`) }, { kind: 'redirect', to: `${step + 1}` });
    }
    const { repository } = clientFor(t, `${registry.host}/app`);
    await assert.rejects(repository.manifest('1', NEVER), { code: 'REGISTRY', message: /more than 5 times/ });
    assert.equal(registry.requests.length, 6);
  });

  for (const [to, why] of [
    ['http://192.0.2.1/x', /to another host over plain http/],
    ['ftp://example.org/x', /"ftp:", which is not of the web/],
    ['file:///etc/passwd', /"file:"/],
    ['http://[', /redirects to no address/],
  ] as const) {
    it(`do not lead to ${to}`, async (t) => {
      const registry = await startFaultRegistry(t);
      registry.fault({ path: '/manifests/' }, { kind: 'redirect', to });
      const { repository } = clientFor(t, `${registry.host}/app`);
      await assert.rejects(repository.manifest('1', NEVER), { code: 'REGISTRY', message: why });
    });
  }

  it('do not lead from https to http, unless the registry is configured as insecure', async (t) => {
    const registry = await startFaultRegistry(t, { tls: true });
    const plain = await startFaultRegistry(t);
    const { manifest } = plain.serve('app:1', IMAGE);
    registry.fault({ path: '/manifests/' }, { kind: 'redirect', to: `${plain.url}/v2/app/manifests/1` });
    const certificates = registry.certificate?.path ?? '';
    const careful = clientFor(t, `${registry.host}/app`, { config: configWith({ [registry.host]: { certificates } }) });
    await assert.rejects(careful.repository.manifest('1', NEVER), {
      code: 'REGISTRY',
      message: /from https to plain http/,
    });
    const bold = clientFor(t, `${registry.host}/app`, { config: configWith({ [registry.host]: { insecure: true } }) });
    assert.equal((await bold.repository.manifest('1', NEVER)).digest, manifest.digest);
  });
});
