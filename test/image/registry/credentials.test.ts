import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import type { Environment } from '../../../src/config/config.ts';
import { authFilePath } from '../../../src/image/registry/auth-file.ts';
import { type Credentials, credentialsFrom } from '../../../src/image/registry/credentials.ts';
import { startFaultRegistry } from '../../support/fault-registry/registry.ts';
import { clientFor, directoryFor, NEVER } from './client.ts';

function auth(username: string, password = 'p'): { auth: string } {
  return { auth: Buffer.from(`${username}:${password}`).toString('base64') };
}

/** A home with files in it; `$HOME` in a path is this home. */
function homeWith(
  t: TestContext,
  files: Readonly<Record<string, unknown>>,
): { home: string; environment: Environment } {
  const home = directoryFor(t);
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(home, name)), { recursive: true });
    writeFileSync(join(home, name), typeof content === 'string' ? content : JSON.stringify(content));
  }
  return {
    home,
    environment: { HOME: home, XDG_RUNTIME_DIR: join(home, 'run'), PATH: `${home}/bin:${process.env.PATH}` },
  };
}

/** A program that keeps credentials in a file of its own, and notes how it is called. */
const HELPER = `#!/bin/sh
read -r input || :
echo "$1 $input" >> "$(dirname "$0")/calls"
case "$1 $input" in
  "get quay.io") echo '{"ServerURL":"quay.io","Username":"kept","Secret":"s"}' ;;
  "get token.io") echo '{"ServerURL":"token.io","Username":"<token>","Secret":"t"}' ;;
  "get https://index.docker.io/v1/") echo '{"ServerURL":"x","Username":"hub","Secret":"s"}' ;;
  "get odd.io") echo 'nonsense' ;;
  "get locked.io") echo 'the key ring is locked'; exit 1 ;;
  *) echo 'credentials not found in native keychain'; exit 1 ;;
esac
`;

async function usernameFor(
  environment: Environment,
  registry: string,
  repository = 'team/app',
): Promise<string | undefined> {
  const { credentials } = await credentialsFrom(environment)({ registry, repository });
  return nameOf(credentials);
}

function nameOf(credentials: Credentials | undefined): string | undefined {
  return credentials?.kind === 'identity' ? `token ${credentials.token}` : credentials?.username;
}

describe('credentialsFrom', () => {
  it('looks into the files in order', async (t) => {
    const { home, environment } = homeWith(t, {
      'run/containers/auth.json': { auths: { 'a.io': auth('run') } },
      '.config/containers/auth.json': { auths: { 'a.io': auth('config'), 'b.io': auth('config') } },
      '.docker/config.json': { auths: { 'b.io': auth('docker'), 'c.io': auth('docker') } },
      'own.json': { auths: { 'd.io': auth('own') } },
      'other/config.json': { auths: { 'c.io': auth('other') } },
    });
    assert.equal(await usernameFor(environment, 'a.io'), 'run');
    assert.equal(await usernameFor(environment, 'b.io'), 'config');
    assert.equal(await usernameFor(environment, 'c.io'), 'docker');
    assert.equal(await usernameFor(environment, 'd.io'), undefined);
    assert.equal(await usernameFor({ ...environment, DOCKER_CONFIG: join(home, 'other') }, 'c.io'), 'other');
    const chosen = { ...environment, REGISTRY_AUTH_FILE: join(home, 'own.json') };
    assert.equal(await usernameFor(chosen, 'd.io'), 'own');
    assert.equal(await usernameFor(chosen, 'a.io'), undefined);
  });

  it('prefers the key that says more', async (t) => {
    const auths = {
      'a.io': auth('all'),
      'a.io/team': auth('team'),
      'a.io/team/app': auth('app'),
      'a.io/te': auth('no'),
    };
    const { environment } = homeWith(t, { '.docker/config.json': { auths } });
    assert.equal(await usernameFor(environment, 'a.io', 'team/app'), 'app');
    assert.equal(await usernameFor(environment, 'a.io', 'team/app/x'), 'app');
    assert.equal(await usernameFor(environment, 'a.io', 'team/other'), 'team');
    assert.equal(await usernameFor(environment, 'a.io', 'teams'), 'all');
    assert.equal(await usernameFor(environment, 'a.io:443', 'team/app'), undefined);
  });

  it("knows docker's names for its own registry, URLs, passwords with colons and identity tokens", async (t) => {
    const auths = {
      'https://index.docker.io/v1/': auth('hub', 'a:b:c'),
      'https://a.io/v2/': auth('url'),
      'b.io': { ...auth('<token>'), identitytoken: 'secret' },
    };
    const { environment } = homeWith(t, { '.docker/config.json': { auths } });
    const source = credentialsFrom(environment);
    assert.deepEqual((await source({ registry: 'docker.io', repository: 'library/x' })).credentials, {
      kind: 'password',
      username: 'hub',
      password: 'a:b:c',
    });
    assert.equal(await usernameFor(environment, 'a.io'), 'url');
    assert.equal(await usernameFor(environment, 'b.io'), 'token secret');
  });

  it('passes over entries that say nothing', async (t) => {
    const auths = {
      'a.io': {},
      'b.io': { auth: '' },
      'c.io': { auth: 'bm9jb2xvbg==' },
      'd.io': null,
      'e.io': { auth: 5 },
    };
    const { environment } = homeWith(t, { '.docker/config.json': { auths } });
    for (const registry of ['a.io', 'b.io', 'c.io', 'd.io', 'e.io']) {
      assert.equal(await usernameFor(environment, registry), undefined);
    }
    const odd = homeWith(t, { '.docker/config.json': { auths: [], credHelpers: 5, credsStore: {} } });
    assert.equal(await usernameFor(odd.environment, 'a.io'), undefined);
  });

  it('names a file that cannot be read, without what is in it', async (t) => {
    const { home, environment } = homeWith(t, { '.docker/config.json': '{"auths": {"a.io": "hunter2' });
    const { credentials, problems } = await credentialsFrom(environment)({ registry: 'a.io', repository: 'x' });
    assert.equal(credentials, undefined);
    assert.deepEqual(problems, [`the credentials in ${home}/.docker/config.json cannot be read: it is no JSON`]);
  });

  it('asks the programs that keep credentials', async (t) => {
    const { home, environment } = homeWith(t, {
      'bin/docker-credential-test': HELPER,
      '.docker/config.json': {
        credHelpers: { 'quay.io': 'test' },
        credsStore: 'test',
        auths: { 'file.io': auth('file') },
      },
    });
    chmodSync(join(home, 'bin/docker-credential-test'), 0o755);
    assert.equal(await usernameFor(environment, 'quay.io'), 'kept');
    assert.equal(await usernameFor(environment, 'token.io'), 'token t');
    assert.equal(await usernameFor(environment, 'docker.io'), 'hub');
    assert.equal(await usernameFor(environment, 'unknown.io'), undefined);
    assert.equal(await usernameFor(environment, 'file.io'), 'file');
    const calls = readFileSync(join(home, 'bin/calls'), 'utf8').split('\n');
    assert.deepEqual(calls.slice(0, 2), ['get quay.io', 'get token.io']);
  });

  it('goes on without a program that fails, is missing or has an impossible name, and says so', async (t) => {
    const { home, environment } = homeWith(t, {
      'bin/docker-credential-test': HELPER,
      '.docker/config.json': {
        credHelpers: { 'locked.io': 'test', 'odd.io': 'test', 'gone.io': 'gone', 'bad.io': '../../bin/sh' },
      },
    });
    chmodSync(join(home, 'bin/docker-credential-test'), 0o755);
    const problemsOf = async (registry: string) =>
      (await credentialsFrom(environment)({ registry, repository: 'x' })).problems;
    assert.match(
      String(await problemsOf('locked.io')),
      /docker-credential-test get failed \(status 1\): the key ring is locked/,
    );
    assert.match(String(await problemsOf('odd.io')), /gave no credentials/);
    assert.match(
      String(await problemsOf('gone.io')),
      /docker-credential-gone, which keeps the credentials, is not installed/,
    );
    assert.match(String(await problemsOf('bad.io')), /cannot be the name of a program/);
  });

  it('lets a broken program not come between anybody and a public image', async (t) => {
    const registry = await startFaultRegistry(t, { access: { kind: 'token' } });
    registry.serve('app:1', { layers: [] });
    const { environment } = homeWith(t, { '.docker/config.json': { credsStore: 'gone' } });
    await clientFor(t, `${registry.host}/app`, { environment }).repository.manifest('1', NEVER);
    const closed = await startFaultRegistry(t, { access: { kind: 'token', username: 'a', password: 'b' } });
    await assert.rejects(clientFor(t, `${closed.host}/app`, { environment }).repository.manifest('1', NEVER), {
      code: 'DENIED',
      hint: /docker-credential-gone, which keeps the credentials, is not installed/,
    });
  });
});

describe('authFilePath', () => {
  it("is the runtime directory's, and one that lasts where there is none", (t) => {
    const home = directoryFor(t);
    assert.equal(authFilePath({ XDG_RUNTIME_DIR: '/run/user/1' }), '/run/user/1/containers/auth.json');
    assert.equal(authFilePath({ REGISTRY_AUTH_FILE: '/x', XDG_RUNTIME_DIR: '/run/user/1' }), '/x');
    assert.match(authFilePath({ HOME: home }), /^(?:.*\/\.config|\/run)\/containers\/(?:\d+\/)?auth\.json$/);
  });
});
