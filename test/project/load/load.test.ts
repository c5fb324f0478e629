import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chownSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { loadProject } from '../../../src/project/load.ts';
import { failure, load, project } from './support.ts';

describe('loadProject', () => {
  it('gives every default where the file only names an image', async (t) => {
    const directory = project(t, 'image = "debian:bookworm"\n');
    const { place, digest, ...found } = await loadProject(directory);
    assert.deepEqual(found, {
      directory,
      name: 'shop',
      files: [join(directory, 'sandbox.toml')],
      environments: new Map([
        [
          'default',
          {
            name: 'default',
            image: 'debian:bookworm',
            steps: [],
            variables: [],
            passEnv: [],
            volumes: [],
            tmpfs: [],
            ports: [],
            secrets: [],
            caches: [],
            limits: [],
            session: [],
            devices: [],
            shims: [],
          },
        ],
      ]),
      commands: new Map(),
      services: new Map(),
      shimRefresh: 'ask',
    });
    assert.match(digest, /^[0-9a-f]{64}$/);
    assert.deepEqual(place(['image']), { file: join(directory, 'sandbox.toml'), line: 1, column: 1 });
    assert.equal(place(['name']), undefined);
  });

  it('reads every key of an environment', async (t) => {
    const { environments, name, shimRefresh } = await load(
      t,
      `name = "web shop"
shim-refresh = "automatic"
description = "The shop"
image = "host"
workdir = "/app/./x/../"
user = 1000
workspace = "cow"
pass-env = ["TERM", "LC_*", "TERM"]
volumes = ["./data:/data/", "~/.m2:/root/.m2:ro", ".:/src:rw"]
tmpfs = ["/scratch:size=64m,mode=1777"]
ports = [5432]
network = "none"
profile = "strict"
secrets = ["NPM_TOKEN", "key=./key.txt", "other=env:X"]
session = ["ssh-agent"]
devices = ["/dev/fuse", "/dev/kvm:/dev/kvm:rw"]
cache = ["npm", "/var/cache/mine/"]
shims = ["node", "g++"]
limits = { memory = "2g", cpus = 1.5, pids-limit = -1, ulimit = ["nofile=1024", "core=0"] }
[env]
A = "x"
B = 3
C = true
`,
    );
    assert.equal(name, 'web shop');
    assert.equal(shimRefresh, 'automatic');
    assert.deepEqual(environments.get('default'), {
      name: 'default',
      description: 'The shop',
      image: 'host',
      steps: [],
      variables: [
        ['A', 'x'],
        ['B', '3'],
        ['C', 'true'],
      ],
      passEnv: ['TERM', 'LC_*'],
      workdir: '/app',
      user: '1000',
      workspace: 'cow',
      volumes: [
        { unsafeSource: './data', destination: '/data', access: 'rw' },
        { unsafeSource: '~/.m2', destination: '/root/.m2', access: 'ro' },
        { unsafeSource: '.', destination: '/src', access: 'rw' },
      ],
      tmpfs: ['/scratch:size=64m,mode=1777'],
      ports: [5432],
      network: 'none',
      profile: 'strict',
      secrets: ['NPM_TOKEN', 'key=./key.txt', 'other=env:X'],
      caches: [
        { kind: 'known', name: 'npm' },
        { kind: 'path', path: '/var/cache/mine' },
      ],
      limits: [
        ['memory', '2g'],
        ['cpus', '1.5'],
        ['pids-limit', '-1'],
        ['ulimit', 'nofile=1024'],
        ['ulimit', 'core=0'],
      ],
      session: ['ssh-agent'],
      devices: ['/dev/fuse', '/dev/kvm:/dev/kvm:rw'],
      shims: ['node', 'g++'],
    });
  });

  it('reads steps: packages first, numbers and names, no network unless they say so', async (t) => {
    const { environments } = await load(
      t,
      `image = "debian"
packages = ["g++", "curl=8.5-1"]
cache = ["apt", "npm"]
[[steps]]
run = "make"
[[steps]]
name = "dependencies"
run = """
npm ci
"""
inputs = ["package.json", "patches/**"]
env = { CI = 1 }
cache = ["npm"]
network = true
reproducible = false
`,
    );
    const [packages, ...steps] = environments.get('default')?.steps ?? [];
    assert.deepEqual(steps, [
      {
        number: 2,
        name: 'step 2',
        script: 'make',
        inputs: [],
        variables: [],
        caches: [],
        network: 'none',
        reproducible: true,
      },
      {
        number: 3,
        name: 'dependencies',
        script: 'npm ci\n',
        inputs: ['package.json', 'patches/**'],
        variables: [['CI', '1']],
        caches: [{ kind: 'known', name: 'npm' }],
        network: 'host',
        reproducible: false,
      },
    ]);
    assert.equal(packages?.name, 'packages');
    assert.equal(packages?.number, 1);
    assert.equal(packages?.network, 'host');
    assert.deepEqual(packages?.caches, [{ kind: 'known', name: 'apt' }]);
    assert.match(packages?.script ?? '', /^set -- 'g\+\+' 'curl=8\.5-1'$/m);
  });

  it('reads commands and services', async (t) => {
    const { commands, services } = await load(
      t,
      `image = "debian"
[env.node20]
image = "node:20"
[env.node22]
image = "node:22"
[command.build]
run = ["make", "all"]
[command.test]
run = 'npm test "$@"'
description = "Run the tests"
environment = "node{NODE}"
env = { CI = true }
workdir = "packages/./api/"
requires = ["build", "build"]
services = ["db"]
each = { NODE = [20, "22"], OS = ["a"] }
watch = ["src/**"]
[service.net]
run = "sleep inf"
ready = { log = "ready" }
[service.db]
run = "postgres"
description = "The database"
environment = "node20"
env = { A = "1" }
workdir = "/srv/"
user = "postgres"
requires = ["net"]
ready = { tcp = 5432 }
ready-timeout = 2.5
stop-signal = "int"
stop-timeout = 0
ports = [5432]
`,
    );
    const nothing = { environment: 'default', variables: [], requires: [] };
    assert.deepEqual(
      [...commands.values()],
      [
        { name: 'build', run: ['make', 'all'], ...nothing, services: [], each: [], watch: [] },
        {
          name: 'test',
          run: 'npm test "$@"',
          description: 'Run the tests',
          environment: 'node{NODE}',
          variables: [['CI', 'true']],
          workdir: 'packages/api',
          requires: ['build'],
          services: ['db'],
          each: [
            ['NODE', ['20', '22']],
            ['OS', ['a']],
          ],
          watch: ['src/**'],
        },
      ],
    );
    const times = { readyTimeout: 30, stopSignal: 'SIGTERM', stopTimeout: 10, ports: [] };
    assert.deepEqual(
      [...services.values()],
      [
        { name: 'net', run: 'sleep inf', ...nothing, ...times, ready: { kind: 'log', text: 'ready' } },
        {
          name: 'db',
          run: 'postgres',
          description: 'The database',
          environment: 'node20',
          variables: [['A', '1']],
          workdir: '/srv',
          user: 'postgres',
          requires: ['net'],
          ready: { kind: 'tcp', port: 5432 },
          readyTimeout: 2.5,
          stopSignal: 'SIGINT',
          stopTimeout: 0,
          ports: [5432],
        },
      ],
    );
  });

  it('knows a digest of both files, which nothing can be moved between', async (t) => {
    const digest = async (main: string, local?: string) => (await load(t, main, local)).digest;
    const text = 'image = "a"\n';
    const all = await Promise.all([
      digest(text),
      digest(`${text}\n`),
      digest(text, ''),
      digest(text, '#\n'),
      digest(`${text}#\n`, ''),
    ]);
    assert.equal(new Set(all).size, all.length);
    assert.equal(await digest(text), all[0]);
  });

  it('says where a key is written, in the file that counts', async (t) => {
    const main = 'image = "a"\n[command.test]\nrun = "x"\nenv = { A = "1" }\n';
    const { directory, place } = await load(t, main, '\n[command.test.env]\nA = "2"\n');
    const file = join(directory, 'sandbox.toml');
    const local = join(directory, 'sandbox.local.toml');
    assert.deepEqual(place(['command', 'test', 'run']), { file, line: 3, column: 1 });
    assert.deepEqual(place(['command', 'test', 'env', 'A']), { file: local, line: 3, column: 1 });
    assert.deepEqual(place(['command', 'test', 'watch']), { file, line: 2, column: 10 });
  });

  it('refuses a directory without a file', async (t) => {
    const directory = project(t, '');
    rmSync(join(directory, 'sandbox.toml'));
    await assert.rejects(loadProject(directory), { code: 'NO_PROJECT', hint: /sandbox init/ });
  });

  it('reads regular files of the user alone, and none that are too large', async (t) => {
    const directory = project(t, 'image = "a"\n');
    const local = join(directory, 'sandbox.local.toml');
    symlinkSync('/etc/passwd', local);
    await assert.rejects(loadProject(directory), { code: 'INVALID', message: /is a symbolic link$/ });
    rmSync(local);
    execFileSync('mkfifo', [local]);
    await assert.rejects(loadProject(directory), { code: 'INVALID', message: /is no regular file$/ });
    rmSync(local);
    writeFileSync(local, '#'.repeat(2 ** 20));
    await assert.rejects(loadProject(directory), { code: 'INVALID', message: /is too large: it may have 256 kB$/ });
  });

  it('refuses a file of somebody else', {
    skip: process.getuid?.() === 0 ? false : 'giving a file away takes root',
  }, async (t) => {
    const directory = project(t, 'image = "a"\n', '');
    chownSync(join(directory, 'sandbox.local.toml'), 12_345, 12_345);
    await assert.rejects(loadProject(directory), {
      code: 'INVALID',
      message: /belongs to somebody else \(uid 12345\)/,
    });
  });

  it('names the line that is not UTF-8', async (t) => {
    const found = await failure(t, Buffer.from([0x23, 0x0a, 0x23, 0xff, 0x0a]));
    assert.deepEqual(found?.message, 'sandbox.toml:2:1: the line is not UTF-8');
  });
});
