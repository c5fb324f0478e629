/** Capabilities that are not given cannot be had, by no call and no file; those that are given are really there. */
import assert from 'node:assert/strict';
import { readdirSync, writeFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { needs } from '../packages.ts';
import { descriptor, imageOf, layoutMembers, MANIFEST, runnableLayers } from '../support/image-archive.ts';
import { archive } from '../support/tar/write.ts';
import { runAs, sandbox, workDirectory } from '../support/user.ts';
import {
  ATTACKERS,
  attack,
  attacker,
  attempt,
  canAttack,
  canAttackWithRoot,
  control,
  outcomes,
  perl,
  rootFileSystem,
} from './attack.ts';

const PR = { getSecurebits: 27, setSecurebits: 28, noNewPrivs: 38, ambient: 47, keepCaps: 8 } as const;
const RAISE = 2;
const EVERY = 40;
/** SECBIT_NOROOT, SECBIT_NO_CAP_AMBIENT_RAISE and their locks, and that of SECBIT_NO_SETUID_FIXUP. */
const LOCKED_BITS = 0xcb;

const CAPABILITIES = `sub sets { open my $s, '<', '/proc/self/status'; my %set = map { /^Cap(\\w+):\\s+(\\w+)/ ? ($1, $2) : () } <$s>; return %set }
  my %before = sets();`;

/** Every way back to capabilities that a process has by itself. */
const REGAIN = `${CAPABILITIES}
  my $header = pack 'LL', 0x20080522, 0; my $all = pack 'L6', (0xffffffff) x 2, 0, (0x1ff) x 2, 0;
  try(capset => syscall(nr_capset, $header, $all));
  my $inheritable = pack 'L6', 0, 0, 0xffffffff, 0, 0, 0x1ff; try(inheritable => syscall(nr_capset, $header, $inheritable));
  for my $cap (0 .. ${EVERY}) { my $r = syscall(nr_prctl, ${PR.ambient}, ${RAISE}, $cap, 0, 0); $raised++ if $r == 0 }
  try(ambient => $raised);
  try(securebits => syscall(nr_prctl, ${PR.setSecurebits}, 0, 0, 0, 0)); try('keep caps', syscall(nr_prctl, ${PR.setSecurebits}, 16, 0, 0, 0));
  try('new privileges', syscall(nr_prctl, ${PR.noNewPrivs}, 0, 0, 0, 0));
  my %after = sets(); try(more => (grep { hex $after{$_} & ~hex $before{$_} } qw(Prm Eff Bnd Amb)) ? 1 : undef);
  my $exec = qx{grep -E '^Cap(Prm|Eff|Bnd|Amb)' /proc/self/status}; my %exec = $exec =~ /^Cap(\\w+):\\s+(\\w+)/mg;
  try('more by execve', (grep { hex $exec{$_} & ~hex $before{$_} } qw(Prm Eff Bnd Amb)) ? 1 : undef);`.replace(
  'my %before',
  'my $raised; my %before',
);

const MORE = ['capset', 'ambient', 'more', 'more by execve', 'new privileges'] as const;

async function capabilities(
  words: readonly string[],
  command: readonly string[] = [],
): Promise<Record<string, string>> {
  const { stdout, stderr } = await attack(words, [...command, 'grep', '-E', '^Cap|^Uid', '/proc/self/status']);
  const sets = Object.fromEntries([...stdout.matchAll(/^(\w+):\t(\w+)/gm)].map(([, name, value]) => [name, value]));
  assert.ok(sets.CapEff !== undefined, stdout + stderr);
  return sets;
}

const NONE = '0'.repeat(16);
const bit = (number: number): string => (1n << BigInt(number)).toString(16).padStart(16, '0');

describe('capabilities are not regained', canAttack, () => {
  for (const profile of ['dev', 'strict']) {
    for (const { name, words } of ATTACKERS) {
      test(`by ${name} in ${profile}`, async () => {
        const tried = await attempt(['--profile', profile, ...words], REGAIN);
        for (const what of MORE) assert.doesNotMatch(tried[what] ?? 'none', /^ok/, what);
      });
    }
  }

  test('although who has them in a namespace by hand gets what was dropped back by execve', async () => {
    // Root of a namespace drops its effective set, and has everything again: nothing is bounded, and root's id counts.
    const script = `my $header = pack 'LL', 0x20080522, 0; my $none = pack 'L6', (0) x 6; try(drop => syscall(nr_capset, $header, $none));
      my ($eff) = qx{grep CapEff /proc/self/status} =~ /(\\w{16})/; try(again => hex $eff ? 1 : undef);`;
    const { stdout } = await runAs(attacker(), ['unshare', '-Ur', ...perl(script)]);
    assert.match(outcomes(stdout).again ?? '', /^ok/);
    const tried = await attempt(['--profile', 'strict', '--user', 'root', '--cap-drop', 'ALL'], script);
    assert.doesNotMatch(tried.again ?? '', /^ok/);
  });

  test('by root without capabilities in strict, whose secure bits are locked', async () => {
    const script = `try(bits => syscall(nr_prctl, ${PR.getSecurebits}, 0, 0, 0, 0));
      for my $b (0, 1, 4, 16, 64) { try("set $b", syscall(nr_prctl, ${PR.setSecurebits}, $b, 0, 0, 0)) }`;
    for (const words of [[], ['--user', 'root', '--cap-drop', 'ALL']]) {
      const tried = await attempt(['--profile', 'strict', ...words], script);
      assert.equal(tried.bits, `ok ${LOCKED_BITS}`);
      for (const value of [0, 1, 4, 16, 64]) assert.match(tried[`set ${value}`] ?? '', /^E/, String(value));
    }
    const { stdout } = await runAs(attacker(), ['unshare', '-Ur', ...perl(script)]);
    assert.match(outcomes(stdout)['set 1'] ?? '', /^ok/, 'the control sets them');
  });
});

describe('set-uid programs and file capabilities', canAttack, () => {
  /** A copy of id(1) that belongs to another id and is set-uid, made by root of the namespace, executed by a third id. */
  const script = `system 'cp /usr/bin/id /tmp/setuid && chown 1:1 /tmp/setuid && chmod 6755 /tmp/setuid && chmod 755 /tmp';
    my $pid = fork; if (!$pid) { syscall(nr_setgid, 33); syscall(nr_setuid, 33); exec '/tmp/setuid', '-u' } waitpid $pid, 0; print "\\nid: $?\\n";`;
  const id = (text: string) => /^(\d+)$/m.exec(text)?.[1];

  test('give nothing to who executes them inside', { skip: needs('unshare') }, async () => {
    const by = ['unshare', '--user', '--map-auto', '--map-root-user', '--mount', 'sh', '-c'];
    const user = attacker();
    const open = await runAs(user, [...by, 'mount -t tmpfs -o mode=755 t /tmp && exec "$@"', 'sh', ...perl(script)]);
    assert.equal(id(open.stdout), '1', `the control becomes another: ${open.stdout}${open.stderr}`);
    for (const profile of ['dev', 'strict']) {
      const { stdout, stderr } = await attack(['--profile', profile, '--user', 'root'], perl(script));
      // Either it cannot be made set-uid, or that has no effect.
      assert.notEqual(id(stdout), '1', profile + stdout + stderr);
      assert.match(stdout, /^id: 0$/m, stderr);
    }
  });
});

describe('capabilities that are asked for', canAttack, () => {
  test('are really there for a user who is not root, and no others', async () => {
    for (const profile of ['dev', 'strict']) {
      const sets = await capabilities(['--profile', profile, '--cap-add', 'NET_BIND_SERVICE']);
      for (const name of ['CapPrm', 'CapEff', 'CapBnd', 'CapAmb'])
        assert.equal(sets[name], bit(10), `${profile} ${name}`);
      assert.notEqual(sets.Uid, '0');
    }
    const bind = `use Socket; socket my $s, AF_INET, SOCK_STREAM, 0; try(bind => bind $s, sockaddr_in(80, INADDR_ANY));`;
    const words = ['--network', 'none'];
    assert.equal((await attempt(words, bind)).bind, 'EACCES');
    assert.match((await attempt([...words, '--cap-add', 'NET_BIND_SERVICE'], bind)).bind ?? '', /^ok/);
    assert.equal((await control(bind)).bind, 'EACCES');
  });

  test('are all that is left where ALL is dropped', async () => {
    const words = ['--user', 'root', '--cap-drop', 'ALL'];
    assert.deepEqual(await capabilities(words), {
      CapInh: NONE,
      CapPrm: NONE,
      CapEff: NONE,
      CapBnd: NONE,
      CapAmb: NONE,
      Uid: '0',
    });
    const some = await capabilities([...words, '--cap-add', 'CHOWN']);
    assert.deepEqual([some.CapEff, some.CapBnd], [bit(0), bit(0)]);
  });
});

describe('a user namespace of one’s own', canAttackWithRoot, () => {
  test('which gives all capabilities, is not made in strict, whoever the user is, without a filter too', async (t) => {
    const root = rootFileSystem(t);
    const make = ['/bin/busybox', 'sh', '-c', '/bin/busybox unshare -U /bin/busybox echo made'];
    for (const words of [
      [],
      ['--user', '1000'],
      ['--rootfs', root],
      ['--rootfs', root, '--user', '1000'],
      ['--rootfs', root, '--user', '1000', '--network', 'none'],
    ]) {
      const by = words.includes('--rootfs') ? make : ['unshare', '-U', 'echo', 'made'];
      const unfiltered = [...words, '--security-opt', 'seccomp=unconfined'];
      const open = await attack(['--profile', 'dev', ...unfiltered], by);
      assert.match(open.stdout, /made/, `${words.join(' ')}: the control makes one: ${open.stderr}`);
      const { stdout, stderr, status } = await attack(['--profile', 'strict', ...unfiltered], by);
      assert.doesNotMatch(stdout, /made/, words.join(' '));
      assert.match(stderr, /No space left on device/, `${status}: ${stderr}`);
    }
  });
});

describe('an account of an image', canAttackWithRoot, () => {
  test('has an empty bounding set, whatever it took to become it', async (t) => {
    const user = attacker();
    const directory = workDirectory(t, user);
    const image = imageOf(runnableLayers('none', `account ${process.pid}`));
    const config = JSON.parse(image.config.toString());
    config.config.User = '33:33';
    const bytes = Buffer.from(JSON.stringify(config));
    const manifest = JSON.parse(image.manifest.toString());
    manifest.config = descriptor('application/vnd.oci.image.config.v1+json', bytes);
    const withUser = { ...image, config: bytes, manifest: Buffer.from(JSON.stringify(manifest)) };
    assert.equal(manifest.mediaType, MANIFEST);
    const file = `${directory}/image.tar`;
    const name = `attack.example/account:${process.pid}`;
    writeFileSync(file, archive(layoutMembers([{ image: withUser, names: [name] }])));
    assert.ok(readdirSync(directory).includes('image.tar'));
    const loaded = await sandbox(user, ['image', 'load', '-q', '-i', file]);
    assert.equal(loaded.status, 0, loaded.stderr);
    t.after(async () => void (await sandbox(user, ['image', 'rm', name])));
    for (const [words, expected] of [
      [[], NONE],
      [['--cap-add', 'CHOWN'], bit(0)],
      [['--profile', 'strict'], NONE],
    ] as const) {
      const { stdout, stderr } = await sandbox(user, [
        'run',
        '--workspace',
        'none',
        ...words,
        name,
        '--',
        'cat',
        '/proc/self/status',
      ]);
      assert.match(stdout, /^Uid:\t33\t33\t33\t33$/m, stdout + stderr);
      for (const set of ['Prm', 'Eff', 'Bnd', 'Amb'])
        assert.match(stdout, new RegExp(`^Cap${set}:\\t${expected}$`, 'm'), words.join(' '));
    }
  });
});
