import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseConfig } from '../../src/config/parse.ts';
import { CAPABILITIES } from '../../src/linux/constants/capability.ts';

describe('profiles in the configuration', () => {
  it('say what is different from the profile that they extend', () => {
    const { profiles, projects } = parseConfig(
      `
      [profiles.build]
      extends = "strict"
      network = "host"
      workspace = "cow"
      session = "shared"
      landlock = true
      seccomp = "~/seccomp.json"
      32bit = true
      user-namespaces = true
      cap-add = ["net_raw", "CAP_CHOWN"]
      cap-drop = ["ALL"]
      connect-tcp = [443, 80]
      bind-tcp = []
      env = ["CI=1", "LC_*"]
      ssh-agent = true
      gpu = false
      [profiles.build.limits]
      memory = "1.5g"
      memory-swap = -1
      cpus = 1.5
      cpu-weight = 50
      pids-limit = 200
      io-weight = 10
      [profiles.strict]
      seccomp = "/etc/seccomp.json"
      [profiles.plain]
      [projects."/srv/vendor/"]
      profile = "build"
      [projects."~/work"]
      profile = "strict"
    `,
      'config.toml',
    );
    assert.deepEqual(profiles.get('build'), {
      parent: 'strict',
      network: 'host',
      workspace: 'cow',
      session: 'shared',
      landlock: true,
      seccomp: { kind: 'file', path: '~/seccomp.json' },
      foreignCalls: 'allowed',
      userNamespaces: 'allowed',
      capAdd: ['CAP_NET_RAW', 'CAP_CHOWN'],
      capDrop: CAPABILITIES,
      connectTcp: [443, 80],
      bindTcp: [],
      env: ['CI=1', 'LC_*'],
      limits: { memory: 1.5 * 2 ** 30, memorySwap: -1, cpus: 1.5, cpuWeight: 50, pids: 200, ioWeight: 10 },
      parts: new Map([
        ['ssh-agent', true],
        ['gpu', false],
      ]),
    });
    assert.deepEqual([profiles.get('strict')?.parent, profiles.get('plain')?.parent], ['strict', 'dev']);
    assert.deepEqual(
      [...projects],
      [
        ['/srv/vendor', 'build'],
        ['~/work', 'strict'],
      ],
    );
  });

  const refused: ReadonlyArray<readonly [text: string, message: RegExp, hint?: RegExp]> = [
    [
      '[profiles.a]\nextends = "strikt"',
      /^config\.toml:2:1: profiles\.a\.extends: there is no profile "strikt"$/,
      /mean strict/,
    ],
    ['[profiles.a]\nextends = "a"', /^config\.toml:2:1: profiles\.a\.extends: goes round in a circle: a > a$/],
    [
      '[profiles.a]\nextends = "b"\n[profiles.b]\nextends = "c"\n[profiles.c]\nextends = "a"',
      /^config\.toml:2:1: .*: a > b > c > a$/,
    ],
    ['[profiles.dev]\nextends = "strict"\n[profiles.strict]\nextends = "dev"', /dev > strict > dev$/],
    ['[profiles.a]\nnetwrk = "host"', /^config\.toml:2:1: profiles\.a\.netwrk: unknown key "netwrk"$/, /network/],
    ['[profiles.a]\nnetwork = "hots"', /expected one of none, host$/, /mean host/],
    [
      '[profiles.a]\nseccomp = "profile.json"',
      /profiles\.a\.seccomp: expected dev, strict, unconfined, or the absolute/,
    ],
    ['[profiles.a]\nlandlock = "yes"', /expected true or false/],
    ['[profiles.a]\ncap-add = ["NET_ROW"]', /"NET_ROW" is no capability/, /mean NET_RAW/],
    ['[profiles.a]\nconnect-tcp = [70000]', /expected a whole number from 1 to 65535/],
    ['[profiles.a]\nconnect-tcp = 80', /expected a list: \[80, 443\]/],
    ['[profiles.a]\nenv = ["=x"]', /expected NAME, NAME\* or NAME=VALUE/],
    ['[profiles.a.limits]\ncpus = 0', /profiles\.a\.limits\.cpus: expected a number from 0\.01/],
    ['[profiles.a.limits]\nmemory = "much"', /profiles\.a\.limits\.memory: expected a size/],
    ['[profiles.A]\n', /small letters/],
    ['[projects.work]\nprofile = "dev"', /expected the path of a directory, absolute or from ~\/ on/],
    ['[projects."/a/../b"]\nprofile = "dev"', /expected the path of a directory/],
    ['[projects."/a"]\n', /expected profile = "NAME"/],
    [
      '[projects."/a"]\nprofile = "x"',
      /^config\.toml:2:1: projects\.\/a\.profile: there is no profile "x"$/,
      /dev, strict/,
    ],
  ];
  for (const [text, message, hint] of refused) {
    it(`refuses ${JSON.stringify(text)}`, () => {
      assert.throws(
        () => parseConfig(text, 'config.toml'),
        (error: unknown) => {
          assert(error instanceof Error && 'hint' in error);
          assert.match(error.message, message);
          if (hint !== undefined) assert.match(String(error.hint), hint);
          return true;
        },
      );
    });
  }
});
