import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { parseArguments } from '../../../src/commands/arguments/parse-arguments.ts';
import { UsageError } from '../../../src/commands/arguments/usage-error.ts';
import { sandboxOptions } from '../../../src/commands/options/sandbox-options.ts';
import { buildSpec } from '../../../src/commands/spec/build-spec.ts';
import type { Root } from '../../../src/commands/spec/root.ts';
import { DEFAULT_CONFIG } from '../../../src/config/config.ts';
import { encodeBytes } from '../../../src/linux/bytes.ts';
import { LinuxError } from '../../../src/linux/errno.ts';
import { PROFILES } from '../../../src/plan/profiles.ts';
import type { Spec } from '../../../src/plan/spec.ts';

describe('buildSpec', () => {
  let base = '';
  let project = '';
  beforeEach(() => {
    base = realpathSync(mkdtempSync(join(tmpdir(), 'sandbox-spec-')));
    project = join(base, 'home/project');
    mkdirSync(join(project, 'data'), { recursive: true });
    mkdirSync(join(base, 'bin'));
  });
  afterEach(() => rmSync(base, { recursive: true }));

  const build = async (words: readonly string[], { cwd = project, name = '', home = join(base, 'home') } = {}) => {
    const { options, rest } = parseArguments(sandboxOptions, { limit: () => 0, surplus: 'refused' }, words);
    const root: Root =
      options.rootfs === undefined ? { kind: 'host' } : { kind: 'directory', unsafePath: options.rootfs };
    return await buildSpec(
      {
        options,
        root,
        purpose: name === '' ? 'run' : 'shell',
        profile: 'dev',
        lifetime: name === '' ? { kind: 'ephemeral' } : { kind: 'named', name },
        command: rest,
      },
      {
        uid: 1000,
        environment: new Map([
          ['HOME', home],
          ['USER', 'ann'],
          ['SHELL', '/bin/zsh'],
          ['PATH', `${join(base, 'home/bin')}:${join(base, 'bin')}`],
          ['SECRET', 'x'],
        ]),
        currentDirectory: () => cwd,
        config: async () => DEFAULT_CONFIG,
      },
    );
  };
  const refused = async (words: readonly string[], pattern: RegExp): Promise<UsageError> => {
    let thrown: unknown;
    try {
      await build(words);
    } catch (error) {
      thrown = error;
    }
    assert(thrown instanceof UsageError, String(thrown));
    assert.match(thrown.message, pattern);
    return thrown;
  };

  it('fills in everything that was not said', async () => {
    const { spec, notes } = await build(['--', 'make']);
    const expected: Spec = {
      lifetime: { kind: 'ephemeral' },
      rootfs: { kind: 'host' },
      workspace: { kind: 'rw', path: project },
      user: { kind: 'default' },
      environment: [
        ['PATH', join(base, 'bin')],
        ['HOME', join(base, 'home')],
        ['USER', 'ann'],
        ['LOGNAME', 'ann'],
        ['SHELL', '/bin/zsh'],
        ['container', 'sandbox'],
      ],
      hostname: 'sandbox',
      readOnly: false,
      network: 'host',
      volumes: [],
      tmpfs: [],
      devices: [],
      secrets: [],
      security: PROFILES.dev,
      resourceLimits: [],
      terminal: 'inherited',
      stdin: true,
      command: ['make'],
    };
    assert.deepEqual(spec, expected);
    assert.deepEqual(notes, []);
  });

  it('takes over everything that was said', async () => {
    symlinkSync('data', join(project, 'link'));
    writeFileSync(join(project, 'env'), 'A=file\nB=file\n');
    const words = [
      '-w',
      '/work/',
      '-u',
      '5:6',
      '-v',
      './link:/data:ro',
      '--tmpfs',
      '/scratch:size=1m',
      '--read-only',
      '-it',
    ];
    const { spec } = await build([
      ...words,
      '--env-file',
      'env',
      '-e',
      'A=option',
      '--network',
      'none',
      '--workspace',
      'cow',
      '--hostname',
      'h',
    ]);
    assert.equal(spec.workdir, '/work');
    assert.deepEqual(spec.user, { kind: 'id', uid: 5, gid: 6 });
    assert.deepEqual(spec.volumes, [{ source: join(project, 'data'), destination: '/data', access: 'ro' }]);
    assert.deepEqual(spec.tmpfs, [{ destination: '/scratch', size: 1_048_576, mode: 0o1777 }]);
    assert.deepEqual([spec.readOnly, spec.terminal, spec.network, spec.hostname], [true, 'own', 'none', 'h']);
    assert.deepEqual(spec.workspace, { kind: 'cow', path: project });
    const environment = new Map(spec.environment);
    assert.deepEqual([environment.get('A'), environment.get('B')], ['option', 'file']);
  });

  it('is root in a root file system of its own, with what passwd says there', async () => {
    const root = join(base, 'root');
    mkdirSync(join(root, 'etc'), { recursive: true });
    writeFileSync(join(root, 'etc/passwd'), 'root:x:0:0::/root:/bin/ash\nweb:x:9:9::/srv/web:/bin/false\n');
    const environment = async (words: readonly string[]) =>
      new Map((await build(['--rootfs', root, ...words])).spec.environment);
    assert.deepEqual((await build(['--rootfs', '../../root'])).spec.rootfs, { kind: 'directory', path: root });
    assert.deepEqual((await build(['--rootfs', root])).spec.command, ['/bin/sh']);
    assert.deepEqual(
      [(await environment([])).get('HOME'), (await environment([])).get('SHELL')],
      ['/root', '/bin/ash'],
    );
    assert.deepEqual(
      [(await environment(['-u', 'web'])).get('HOME'), (await environment(['-u', '9'])).get('USER')],
      ['/srv/web', 'web'],
    );
    assert.match((await environment([])).get('PATH') ?? '', /^\/usr\/local\/sbin:/);
  });

  it('keeps bytes that are not UTF-8 in paths', async () => {
    const directory = join(project, 'd\udcff');
    mkdirSync(encodeBytes(directory));
    assert.equal((await build(['-v', './d\udcff:/x'])).spec.volumes[0]?.source, directory);
  });

  it('opens the login shell in a sandbox called by its name', async () => {
    const { spec } = await build([], { name: 'my_site' });
    assert.deepEqual(spec.command, ['/bin/zsh']);
    assert.deepEqual(spec.lifetime, { kind: 'named', name: 'my_site' });
    assert.equal(spec.hostname, 'my-site');
  });

  it('says that the home is not mounted, even where it is reached through a symlink', async () => {
    symlinkSync('home', join(base, 'alias'));
    const { spec, notes } = await build(['--', 'ls'], { cwd: join(base, 'home'), home: join(base, 'alias') });
    assert.deepEqual(spec.workspace, { kind: 'none' });
    assert.match(notes.join(), /is your home: not mounted/);
  });

  it('names the option and the path of what cannot be used', async () => {
    const { cause } = await refused(['-v', './gone:/x'], /^--volume: ".\/gone" cannot be used$/);
    assert(cause instanceof LinuxError && cause.code === 'ENOENT');
    await refused(['--rootfs', 'gone'], /^--rootfs: "gone" cannot be used$/);
    await refused(['--rootfs', '/'], /^--rootfs: \/ is the host itself$/);
    await refused(['--env-file', 'gone'], /^--env-file: "gone" cannot be read$/);
    await refused(['--env-file', 'data'], /^--env-file: "data" cannot be read$/);
    writeFileSync(join(project, 'bad'), 'A=1\n=2\n');
    await refused(['--env-file', 'bad'], /^--env-file: bad: line 2: expected a name before =/);
    await refused(['--rootfs', 'bad'], /^--rootfs: expected a directory, got "bad"$/);
  });

  it('needs the current directory only where it is used', async () => {
    const { options } = parseArguments(sandboxOptions, { limit: () => 0, surplus: 'refused' }, ['--workspace', 'none']);
    const lifetime = { kind: 'ephemeral' } as const;
    const request = {
      options,
      root: { kind: 'host' },
      purpose: 'run',
      profile: 'dev',
      lifetime,
      command: ['ls'],
    } as const;
    const removed = (): string => {
      throw new LinuxError({ syscall: 'getcwd', errno: 2, hint: 'cd to one that exists' });
    };
    const config = async () => DEFAULT_CONFIG;
    const surroundings = { uid: 1000, environment: new Map<string, string>(), currentDirectory: removed, config };
    assert.deepEqual((await buildSpec(request, surroundings)).spec.workspace, { kind: 'none' });
    await assert.rejects(
      async () => await buildSpec({ ...request, options: { ...options, workspace: undefined } }, surroundings),
      LinuxError,
    );
  });
});
