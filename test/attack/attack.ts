import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import type { TestContext } from 'node:test';
import { hostArch } from '../../src/linux/arch.ts';
import { syscallNumber } from '../../src/linux/syscall-numbers.ts';
import { needs } from '../packages.ts';
import {
  needsAccount,
  type Result,
  type RunOptions,
  runAs,
  sandbox,
  type TestUser,
  testUser,
  workDirectory,
} from '../support/user.ts';

/** What an attack does is written in Perl, which has system calls and is part of every Debian. */
export const canAttack = { skip: needsAccount('subordinate') || needs('perl', 'unshare') };
export const canAttackWithRoot = { skip: canAttack.skip || needs('busybox') };

/** Who the attacker is inside the `host` image: the user, or root with the capabilities that a sandbox grants; `dev` unless said. */
export const ATTACKERS = [
  { name: 'the user', words: [] },
  { name: 'root', words: ['--user', 'root'] },
  { name: 'the user of profile strict', words: ['--profile', 'strict'] },
  { name: 'root of profile strict', words: ['--profile', 'strict', '--user', 'root'] },
] as const satisfies ReadonlyArray<{ name: string; words: readonly string[] }>;

let known: TestUser | undefined;

export function attacker(): TestUser {
  known ??= testUser();
  return known;
}

/**
 * Perl with `try(NAME => RESULT)`, which prints `NAME: ok VALUE` or `NAME: ERRNO-TEXT`, and `nr_CALL` for the number of
 * each system call that the script names so.
 */
export function perl(script: string): string[] {
  const numbered = script.replace(/\bnr_([a-z0-9_]+)/g, (_, name: string) => String(syscallNumber(hostArch(), name)));
  const prelude = `use strict; use Errno; use Fcntl; $| = 1;
    sub try { my ($name, $result) = @_; my $no = $! + 0;
      my $failed = !defined $result || $result eq '' || ($result =~ /^-1$/);
      my ($errno) = grep { $!{$_} } keys %!;
      print "\\n$name: ", ($failed ? ($errno // 'failed') : "ok $result"), "\\n"; }
  `;
  return ['perl', '-e', prelude + numbered];
}

/** The lines `NAME: OUTCOME` that a script printed. */
export function outcomes(stdout: string): Record<string, string> {
  return Object.fromEntries(
    stdout.split('\n').flatMap((line) => {
      const [, name, outcome] = /^([\w /.-]+): (.*)$/.exec(line) ?? [];
      return name === undefined || outcome === undefined ? [] : [[name, outcome]];
    }),
  );
}

/** Runs a command in a new sandbox on the `host` image, without a workspace. */
export async function attack(
  words: readonly string[],
  command: readonly string[],
  options: RunOptions = {},
): Promise<Result> {
  return await sandbox(attacker(), ['run', '--workspace', 'none', ...words, '--', ...command], options);
}

/** The same for a script in Perl that must come to its end; gives what it tried. */
export async function attempt(
  words: readonly string[],
  script: string,
  options: RunOptions = {},
): Promise<Record<string, string>> {
  const { status, stdout, stderr } = await attack(words, perl(`${script}; print "end: reached\\n";`), options);
  const tried = outcomes(stdout);
  assert.equal(tried.end, 'reached', `status ${status}: ${stdout}${stderr}`);
  return tried;
}

/** The same outside, as the same account: what the attack does where nothing stands in its way. */
export async function control(script: string, options: RunOptions = {}): Promise<Record<string, string>> {
  const { stdout } = await runAs(attacker(), perl(script), options);
  return outcomes(stdout);
}

/** A small root file system in a directory of the attacker's: busybox, and whatever the test puts there. */
export function rootFileSystem(t: TestContext): string {
  const user = attacker();
  const root = `${workDirectory(t, user)}/root`;
  const put = (path: string, mode = 0o755) => mkdirSync(`${root}${path}`, { mode });
  for (const path of ['', '/bin', '/etc']) put(path);
  const busybox = realpathSync(execFileSync('sh', ['-c', 'command -v busybox'], { encoding: 'utf8' }).trim());
  copyFileSync(busybox, `${root}/bin/busybox`);
  chmodSync(`${root}/bin/busybox`, 0o755);
  for (const name of ['sh', 'cat', 'ls', 'grep', 'pwd', 'echo', 'id', 'readlink', 'find'])
    symlinkSync('busybox', `${root}/bin/${name}`);
  giveTo(user, root);
  return root;
}

/** Hands a tree over to an account. */
export function giveTo(user: TestUser, path: string): void {
  if (process.getuid?.() !== 0) return;
  execFileSync('chown', ['-hR', `${user.uid}:${user.gid}`, path]);
}

/** A directory of the host that no sandbox is to touch or see: files, and what says whether they are as they were. */
export function treasure(t: TestContext): { readonly path: string; readonly secret: string; untouched(): void } {
  const user = attacker();
  const path = `${workDirectory(t, user)}/treasure`;
  const secret = `secret-${process.pid}-${Math.trunc(performance.now() * 1000)}`;
  mkdirSync(`${path}/bin`, { recursive: true });
  for (const name of ['hosts', 'hostname', 'resolv.conf', 'passwd', 'file'])
    writeFileSync(`${path}/${name}`, `${secret}\n`);
  writeFileSync(`${path}/passwd`, `evil:x:4242:4242:${secret}:/:/bin/sh\n`);
  chownSync(path, user.uid, user.gid);
  giveTo(user, path);
  const before = describe(path);
  return {
    path,
    secret,
    untouched() {
      assert.deepEqual(describe(path), before);
      assert.ok(!readFileSync('/proc/self/mountinfo', 'utf8').includes(path), 'nothing is mounted there');
    },
  };
}

function describe(path: string): string[] {
  return readdirSync(path, { withFileTypes: true })
    .map((entry) => (entry.isFile() ? `${entry.name}: ${readFileSync(`${path}/${entry.name}`, 'utf8')}` : entry.name))
    .sort();
}
