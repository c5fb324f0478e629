import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { DEFAULT_CONFIG, settingsOf } from '../../src/config/config.ts';
import { configPath, loadConfig } from '../../src/config/load.ts';
import { parseConfig } from '../../src/config/parse.ts';

function home(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'config-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

describe('loadConfig', () => {
  it('finds the file by the rules of the XDG Base Directory Specification', () => {
    assert.equal(configPath({ HOME: '/home/ann' }), '/home/ann/.config/sandbox/config.toml');
    assert.equal(configPath({ HOME: '/home/ann', XDG_CONFIG_HOME: '/c' }), '/c/sandbox/config.toml');
    assert.equal(configPath({ HOME: '/home/ann', XDG_CONFIG_HOME: 'c' }), '/home/ann/.config/sandbox/config.toml');
  });

  it('has defaults for everything where there is no file', async (t) => {
    assert.equal(await loadConfig({ HOME: home(t) }), DEFAULT_CONFIG);
    assert.equal(await loadConfig({ HOME: '/dev/null' }), DEFAULT_CONFIG);
    assert.equal(DEFAULT_CONFIG.unpackLimit, 64 * 2 ** 30);
  });

  it('reads the file, and refuses one that is a directory or no text of reasonable length', async (t) => {
    const directory = home(t);
    const path = join(directory, 'sandbox/config.toml');
    mkdirSync(join(directory, 'sandbox'));
    writeFileSync(path, '[images]\nunpack-limit = "1g"\n');
    const environment = { XDG_CONFIG_HOME: directory };
    assert.equal((await loadConfig(environment)).unpackLimit, 2 ** 30);
    writeFileSync(path, '#'.repeat(300_000));
    await assert.rejects(loadConfig(environment), { code: 'CONFIG', message: /300000 bytes/ });
    rmSync(path);
    mkdirSync(path);
    await assert.rejects(loadConfig(environment), { code: 'CONFIG', message: /cannot be read: EISDIR/ });
    chmodSync(path, 0o755);
  });
});

describe('parseConfig', () => {
  it('gives registries, mirrors, aliases and limits', () => {
    const config = parseConfig(
      `
      [registries."docker.io"]
      mirrors = ["127.0.0.1:5000", "mirror.example.org/hub/", "[::1]:5000"]
      [registries."Registry.Example.org:8443"]
      insecure = true
      certificates = "/etc/ca.pem"
      [aliases]
      fedora = "registry.fedoraproject.org/fedora"
      "team/app" = "localhost:5000/app"
      [images]
      unpack-limit = "1.5g"
    `,
      'config.toml',
    );
    assert.deepEqual(settingsOf(config, 'docker.io'), {
      mirrors: [
        { registry: '127.0.0.1:5000', prefix: '' },
        { registry: 'mirror.example.org', prefix: 'hub/' },
        { registry: '[::1]:5000', prefix: '' },
      ],
      insecure: false,
    });
    assert.deepEqual(settingsOf(config, 'registry.example.org:8443'), {
      mirrors: [],
      insecure: true,
      certificates: '/etc/ca.pem',
    });
    assert.deepEqual(settingsOf(config, 'quay.io'), { mirrors: [], insecure: false });
    assert.deepEqual(
      [...config.aliases],
      [
        ['fedora', 'registry.fedoraproject.org/fedora'],
        ['team/app', 'localhost:5000/app'],
      ],
    );
    assert.equal(config.unpackLimit, 1.5 * 2 ** 30);
  });

  it("reads the documentation's example", () => {
    const page = readFileSync(join(import.meta.dirname, '../../docs/configuration.md'), 'utf8');
    const [, example = ''] = /```toml\n(.*?)```/s.exec(page) ?? [];
    const config = parseConfig(example, 'configuration.md');
    assert.deepEqual(settingsOf(config, 'docker.io'), {
      mirrors: [{ registry: '127.0.0.1:5000', prefix: '' }],
      insecure: false,
      certificates: '/etc/our-ca.pem',
    });
    assert.equal(config.unpackLimit, DEFAULT_CONFIG.unpackLimit);
    assert.equal(config.storageDriver, 'native');
  });

  it('takes an empty file, and every name of docker.io for the same', () => {
    assert.deepEqual(parseConfig('', 'x'), DEFAULT_CONFIG);
    const config = parseConfig('registries."index.docker.io".insecure = true', 'x');
    assert.equal(settingsOf(config, 'docker.io').insecure, true);
    assert.equal(parseConfig('images.unpack-limit = 4096', 'x').unpackLimit, 4096);
  });

  for (const [text, message, hint] of [
    ['a = \n', /^f:1:\d+: /, /TOML/],
    ['[images]\nunpack-limit = "1g"\n[images]\n', /^f:3:\d+: /, /TOML/],
    ['# one\n\n[image]\n', /^f:3:2: image: unknown key "image"$/, /did you mean images\?/],
    ['[images]\n\n  unpack_limit = "1g"', /^f:3:3: images\.unpack_limit: unknown key/, /did you mean unpack-limit\?/],
    ['[registries."docker.io"]\nmirors = []', /^f:2:1: registries\.docker\.io\.mirors: /, /did you mean mirrors\?/],
    ['[registries."docker.io"]\nzzz = 1', /unknown key "zzz"/, /known here: mirrors, insecure, certificates/],
    ['[registries.docker.io]\nmirrors = []', /unknown key "io"/, /in quotes: \[registries\."docker\.io"\]/],
    ['[registries."a.b"]\ninsecure = "yes"', /^f:2:1: registries\.a\.b\.insecure: expected true or false/, undefined],
    ['[registries."a.b"]\nmirrors = "x"', /mirrors: expected a list/, undefined],
    ['[registries."a.b"]\nmirrors = [\n  1,\n]', /^f:2:1: .*expected a string/, undefined],
    ['[registries."a.b"]\nmirrors = ["https://c.d"]', /no mirror/, /leave out/],
    ['[registries."a.b"]\nmirrors = ["c.d/../x"]', /no mirror/, undefined],
    ['[registries."a.b"]\ncertificates = "ca.pem"', /absolute path/, undefined],
    ['[registries."a b"]\n', /"a b" is no registry/, undefined],
    ['[registries."https://a.b"]\n', /is no registry/, /insecure = true/],
    ['registries = 1', /^f:1:1: registries: expected a table/, undefined],
    ['[[registries]]', /expected a table/, undefined],
    ['images = 2024-01-01', /expected a table/, undefined],
    ['[images]\nunpack-limit = "lots"', /expected a size such as "64g"/, undefined],
    ['[images]\nunpack-limit = 0', /expected a size/, undefined],
    ['[storage]\ndriver = "zfs"', /^f:2:1: storage\.driver: expected one of native, fuse-overlayfs, copy/, undefined],
    ['[aliases]\n"a:1" = "quay.io/a"', /no short name/, undefined],
    ['[aliases]\n"quay.io/a" = "quay.io/b"', /no short name/, undefined],
    ['[aliases]\na = "b"', /is not REGISTRY\/NAME/, undefined],
    ['[aliases]\na = "quay.io/b:1"', /is not REGISTRY\/NAME/, undefined],
  ] as const) {
    it(`refuses ${JSON.stringify(text)}`, () => {
      assert.throws(
        () => parseConfig(text, 'f'),
        (error: Error & { code?: string; hint?: string }) => {
          assert.equal(error.code, 'CONFIG');
          assert.match(error.message, message);
          if (hint !== undefined) assert.match(error.hint ?? '', hint);
          return true;
        },
      );
    });
  }
});
