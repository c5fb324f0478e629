import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { parseArguments } from '../../../src/commands/arguments/parse-arguments.ts';
import { sandboxOptions } from '../../../src/commands/options/sandbox-options.ts';
import { holdingOf, type ProfileDefault } from '../../../src/commands/spec/security.ts';
import { parseConfig } from '../../../src/config/parse.ts';
import { CAPABILITIES } from '../../../src/linux/constants/capability.ts';
import { PROFILES } from '../../../src/plan/profiles.ts';

const { dev, strict } = PROFILES;

async function held(
  words: readonly string[],
  { toml = '', cwd = '/srv', ...wish }: Partial<ProfileDefault> & { toml?: string; cwd?: string } = {},
) {
  const { options } = parseArguments(sandboxOptions, { limit: () => 0, surplus: 'refused' }, words);
  const around = {
    uid: 1000,
    environment: new Map([['HOME', '/home/ann']]),
    currentDirectory: () => cwd,
    config: async () => parseConfig(toml, 'config.toml'),
  };
  return await holdingOf(options, { profile: undefined, home: '/home/ann', ...wish }, around);
}

function directory(t: TestContext): string {
  const path = realpathSync(mkdtempSync(join(tmpdir(), 'profile-')));
  t.after(() => rmSync(path, { recursive: true }));
  return path;
}

describe('the profile', () => {
  it('is dev unless it is said, and says nothing then', async () => {
    const { held: it, notes } = await held([]);
    assert.deepEqual([it.security, it.network, notes], [dev, 'host', []]);
  });

  it('strict has no network, and is not noisy either', async () => {
    const { held: it, notes } = await held(['--profile', 'strict']);
    assert.deepEqual([it.security, it.network, notes], [strict, 'none', []]);
    assert.deepEqual((await held([], { profile: 'strict' })).held.security, strict);
    assert.deepEqual((await held(['--profile', 'dev'], { profile: 'strict' })).held.security, dev);
  });

  it('may be extended, and tells what is looser', async () => {
    const toml = `
      [profiles.ci]
      extends = "strict"
      network = "host"
      user-namespaces = true
      [profiles.more]
      extends = "ci"
      32bit = true
      cap-add = ["NET_RAW"]
      gpu = true
    `;
    const { held: ci, notes } = await held(['--profile', 'ci'], { toml });
    assert.deepEqual(ci.security, { ...strict, profile: 'ci', userNamespaces: 'allowed' });
    assert.equal(ci.network, 'host');
    assert.deepEqual(notes, ['profile ci is looser than strict: network host, user namespaces']);
    const more = await held(['--profile', 'more'], { toml });
    assert.deepEqual(more.notes, [
      'profile more is looser than strict: network host, 32-bit programs, user namespaces, CAP_NET_RAW, gpu',
    ]);
  });

  it('tells what is looser than a profile on the way, which was closer than the built-in one', async () => {
    const toml = `
      [profiles.offline]
      network = "none"
      [profiles.online]
      extends = "offline"
      network = "host"
    `;
    assert.deepEqual((await held(['--profile', 'offline'], { toml })).notes, []);
    assert.deepEqual((await held(['--profile', 'online'], { toml })).notes, [
      'profile online is looser than offline: network host',
    ]);
  });

  it('of a built-in name changes that one, for profiles that extend it too', async () => {
    const toml = `
      [profiles.strict]
      network = "host"
      [profiles.a]
      extends = "strict"
    `;
    const { held: it, notes } = await held(['--profile', 'strict'], { toml });
    assert.equal(it.network, 'host');
    assert.deepEqual(notes, ['looser than the profile strict: network host']);
    assert.equal((await held(['--profile', 'a'], { toml })).held.network, 'host');
    const closer = await held([], { toml: '[profiles.dev]\nextends = "strict"' });
    assert.deepEqual(closer.held.security, { ...strict, profile: 'dev' });
  });

  it('is the project’s where the deepest configured directory says so', async (t) => {
    const base = directory(t);
    mkdirSync(join(base, 'work/vendor/lib'), { recursive: true });
    symlinkSync('work', join(base, 'link'));
    const toml = `
      [projects."${base}/link"]
      profile = "strict"
      [projects."~/work/vendor"]
      profile = "own"
      [profiles.own]
    `;
    const at = async (cwd: string, words: readonly string[] = [], profile?: string) =>
      (await held(words, { toml, cwd: join(base, cwd), home: base, profile })).held.security.profile;
    assert.equal(await at(''), 'dev');
    assert.equal(await at('work'), 'strict');
    assert.equal(await at('work/vendor'), 'own');
    assert.equal(await at('work/vendor/lib'), 'own');
    assert.equal(await at('work/vendor', ['--profile', 'dev']), 'dev');
    assert.equal(await at('work/vendor', [], 'strict'), 'strict', 'a command has its own');
  });

  it('that is unknown is an error with a hint', async () => {
    await assert.rejects(held(['--profile', 'strickt']), {
      code: 'USAGE',
      message: '--profile: there is no profile "strickt"',
      hint: 'did you mean strict?',
    });
    await assert.rejects(held([], { profile: 'gone', madeFor: 'web' }), {
      message: 'the sandbox web was made with the profile "gone", which is not configured any more',
      hint: /\[profiles\.gone\] back into config\.toml/,
    });
  });
});

describe('options', () => {
  it('add to the profile and are told where they loosen it', async () => {
    const words = ['--security-opt', 'seccomp=unconfined', '--security-opt', '32bit=allow', '--network', 'host'];
    const { held: it, notes } = await held(['--profile', 'strict', ...words, '--ssh-agent', '--device', '/dev/kvm']);
    assert.deepEqual(it.security, { ...strict, seccomp: { kind: 'unconfined' }, foreignCalls: 'allowed' });
    assert.deepEqual(notes, [
      'looser than the profile strict: network host, seccomp unconfined, 32-bit programs, ssh-agent, device /dev/kvm',
    ]);
    assert.deepEqual((await held(['--ssh-agent', '--device', '/dev/kvm'])).notes, [], 'dev: one’s own wish');
    assert.deepEqual((await held(['--security-opt', 'seccomp=strict'])).notes, []);
  });

  it('change capabilities as podman does', async () => {
    const of = async (...words: string[]) => (await held(words)).held.security.capabilities;
    assert.deepEqual(await of('--cap-add', 'NET_RAW,cap_sys_admin'), {
      add: ['CAP_NET_RAW', 'CAP_SYS_ADMIN'],
      drop: [],
    });
    const only = await of('--cap-drop', 'all', '--cap-add', 'chown');
    assert.deepEqual(only, { add: ['CAP_CHOWN'], drop: CAPABILITIES.filter((name) => name !== 'CAP_CHOWN') });
    const most = await of('--cap-add', 'ALL', '--cap-drop', 'SYS_ADMIN');
    assert.ok(!most.add.includes('CAP_SYS_ADMIN') && most.add.length === CAPABILITIES.length - 1);
    await assert.rejects(of('--cap-add', 'CHOWN', '--cap-drop', 'CHOWN'), { message: /CAP_CHOWN is both added and/ });
    await assert.rejects(of('--cap-add', 'ALL', '--cap-drop', 'ALL'), { message: /ALL is both added and dropped/ });
    const back = await held(['--profile', 'strict', '--cap-add', 'NET_BIND_SERVICE']);
    assert.ok(!back.held.security.capabilities.drop.includes('CAP_NET_BIND_SERVICE'));
    assert.deepEqual(back.notes, ['looser than the profile strict: CAP_NET_BIND_SERVICE']);
    assert.match((await held(['--cap-add', 'ALL'])).notes.join(), /and|more capabilities/);
  });

  it('restrict ports', async () => {
    const { held: it, notes } = await held(['--connect-tcp', '443,80', '--connect-tcp', '22', '--bind-tcp', 'none']);
    assert.deepEqual(it.security, { ...dev, connectTcp: [443, 80, 22], bindTcp: [] });
    assert.deepEqual(notes, []);
    const toml = '[profiles.web]\nconnect-tcp = [443]';
    assert.deepEqual((await held(['--profile', 'web', '--connect-tcp', '25'], { toml })).notes, [
      'looser than the profile web: more ports to connect to',
    ]);
  });

  it('read a seccomp profile in docker’s format', async (t) => {
    const path = join(directory(t), 'profile.json');
    writeFileSync(path, '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[]}');
    const { held: it, notes } = await held(['--security-opt', `seccomp=${path}`]);
    const { seccomp } = it.security;
    assert.ok(seccomp.kind === 'profile' && seccomp.path === path);
    assert.deepEqual(seccomp.profile.otherwise, { kind: 'allow' });
    assert.deepEqual(notes, [`looser than the profile dev: seccomp ${path}`]);
    writeFileSync(path, '{"defaultAction":"SCMP_ACT_EAT"}');
    await assert.rejects(held(['--security-opt', `seccomp=${path}`]), { message: /SCMP_ACT_EAT/ });
    await assert.rejects(held(['--security-opt', `seccomp=${path}x`]), { message: /cannot be read/ });
  });
});
