import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { accountOf, findAccount } from '../../../src/commands/spec/account.ts';
import { defaultShell } from '../../../src/commands/spec/default-shell.ts';
import { DEFAULT_PATH, sandboxEnvironment, searchPathInside } from '../../../src/commands/spec/sandbox-environment.ts';

const passwd =
  'root:x:0:0:root:/root:/bin/bash\n# comment\nann:x:1000:1000:Ann,,,:/home/ann:/bin/zsh\nsvc:x:7:7::nowhere:\n';
const ann = { name: 'ann', home: '/home/ann', shell: '/bin/zsh' };

describe('sandboxEnvironment', () => {
  it('passes terminal and language on, and nothing else of the host', () => {
    const host = new Map(
      Object.entries({
        TERM: 'xterm',
        LANG: 'C',
        LC_TIME: 'de',
        TZ: 'UTC',
        COLORTERM: 'truecolor',
        SSH_AUTH_SOCK: '/s',
        GITHUB_TOKEN: 't',
      }),
    );
    const environment = sandboxEnvironment({
      host,
      account: ann,
      path: '/bin',
      image: undefined,
      requested: new Map(),
    });
    assert.deepEqual(Object.fromEntries(environment), {
      PATH: '/bin',
      HOME: '/home/ann',
      USER: 'ann',
      LOGNAME: 'ann',
      SHELL: '/bin/zsh',
      TERM: 'xterm',
      LANG: 'C',
      LC_TIME: 'de',
      TZ: 'UTC',
      COLORTERM: 'truecolor',
      container: 'sandbox',
    });
  });

  it('lets what is asked for win, each name once', () => {
    const requested = new Map([
      ['HOME', '/elsewhere'],
      ['TERM', 'dumb'],
      ['CI', '1'],
    ]);
    const environment = sandboxEnvironment({
      host: new Map([['TERM', 'xterm']]),
      account: ann,
      path: '/bin',
      image: undefined,
      requested,
    });
    const names = environment.map(([name]) => name);
    assert.equal(new Set(names).size, names.length);
    const found = new Map(environment);
    for (const [name, value] of requested) assert.equal(found.get(name), value);
  });

  it('lets an image win over ours, and what is asked for over the image', () => {
    const host = new Map([
      ['TERM', 'xterm'],
      ['LANG', 'de_DE.UTF-8'],
      ['LC_TIME', 'de_DE.UTF-8'],
      ['PATH', '/home/ann/bin'],
    ]);
    const image = [
      ['PATH', '/opt/bin:/bin'],
      ['HOME', '/srv'],
      ['container', 'oci'],
      ['A', 'image'],
      ['B', 'image'],
    ] as const;
    const requested = new Map([['B', 'asked']]);
    const environment = sandboxEnvironment({ host, account: ann, path: '/usr/bin', image, requested });
    assert.deepEqual(Object.fromEntries(environment), {
      PATH: '/opt/bin:/bin',
      HOME: '/srv',
      USER: 'ann',
      LOGNAME: 'ann',
      SHELL: '/bin/zsh',
      TERM: 'xterm',
      LANG: 'C.UTF-8',
      container: 'oci',
      A: 'image',
      B: 'asked',
    });
  });

  it('gives images no locale of the host, which they have not, but UTF-8 where the host writes it', () => {
    const langOf = (
      variables: Readonly<Record<string, string>>,
      image: ReadonlyArray<readonly [string, string]> = [],
    ) =>
      new Map(
        sandboxEnvironment({
          host: new Map(Object.entries(variables)),
          account: ann,
          path: '',
          image,
          requested: new Map(),
        }),
      ).get('LANG');
    assert.equal(langOf({ LANG: 'de_DE.UTF-8' }), 'C.UTF-8');
    assert.equal(langOf({ LC_ALL: 'C', LANG: 'de_DE.UTF-8' }), undefined);
    assert.equal(langOf({ LANG: 'de_DE' }), undefined);
    assert.equal(langOf({}), undefined);
    assert.equal(langOf({ LANG: 'en_GB.utf8' }, [['LANG', 'C']]), 'C');
  });
});

describe('searchPathInside', () => {
  const everywhere = (): boolean => true;
  const seen = { homes: ['/alias', '/home/ann'], workspace: '/home/ann/project' };

  it('keeps absolute directories outside the home, and those of the workspace, once each', () => {
    const path = '/usr/bin:/home/ann/.cargo/bin:/alias/bin:bin::.:/home/ann/project/bin:/usr/bin:/home/annex/bin';
    assert.equal(searchPathInside(path, seen, everywhere), '/usr/bin:/home/ann/project/bin:/home/annex/bin');
  });

  it('leaves out what is not there', () => {
    assert.equal(
      searchPathInside('/usr/bin:/gone', seen, (path) => path !== '/gone'),
      '/usr/bin',
    );
  });

  it('falls back to the usual directories', () => {
    assert.equal(searchPathInside('', seen, everywhere), DEFAULT_PATH);
    assert.equal(searchPathInside('/home/ann/bin', seen, everywhere), DEFAULT_PATH);
  });
});

describe('accounts', () => {
  it('are found by name and by number', () => {
    assert.deepEqual(findAccount(passwd, { name: 'ann' }), ann);
    assert.deepEqual(findAccount(passwd, { uid: 1000 }), ann);
    assert.equal(findAccount(passwd, { uid: 10 }), undefined);
  });

  it('have an absolute home and shell whatever the file says', () => {
    assert.deepEqual(findAccount(passwd, { uid: 7 }), { name: 'svc', home: '/', shell: '/bin/sh' });
  });

  it('are made up where the file says nothing', () => {
    assert.deepEqual(accountOf({ kind: 'default' }, '', 0), { name: 'root', home: '/root', shell: '/bin/sh' });
    assert.deepEqual(accountOf({ kind: 'name', user: 'root' }, '', 5), {
      name: 'root',
      home: '/root',
      shell: '/bin/sh',
    });
    assert.deepEqual(accountOf({ kind: 'id', uid: 42, gid: 42 }, passwd, 0), {
      name: '42',
      home: '/',
      shell: '/bin/sh',
    });
    assert.deepEqual(accountOf({ kind: 'default' }, passwd, 1000), ann);
  });
});

it('defaultShell is the login shell on the host and /bin/sh elsewhere', () => {
  assert.deepEqual(defaultShell({ kind: 'host' }, '/bin/zsh'), ['/bin/zsh']);
  assert.deepEqual(defaultShell({ kind: 'host' }, 'zsh'), ['/bin/sh']);
  assert.deepEqual(defaultShell({ kind: 'host' }, undefined), ['/bin/sh']);
  assert.deepEqual(defaultShell({ kind: 'directory', path: '/srv/debian' }, '/bin/zsh'), ['/bin/sh']);
});
