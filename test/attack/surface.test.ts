/** How much of the kernel can be reached: every system call is tried, outside and inside, and what is refused is counted. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hostArch } from '../../src/linux/arch.ts';
import { syscallTable } from '../../src/linux/syscall-numbers.ts';
import { runAs } from '../support/user.ts';
import { attacker, canAttack, perl } from './attack.ts';

const LAST = 470;
/** What strict has to refuse; podman's list refuses 43 (docs/security.md). */
const AT_LEAST = { strict: 60, dev: 43 } as const;
/** The first call that podman's list of 2022 does not know. Kernels that do not have all since have fewer to refuse. */
const NEWER = 451;
const NAMED = [
  'process_vm_readv',
  'keyctl',
  'add_key',
  'io_uring_setup',
  'unshare',
  'clone',
  'clone3',
  'socket',
  'ptrace',
];

/**
 * Each number is called in a process of its own with arguments that are all -1: a filter answers before the kernel looks
 * at them. EPERM, ENOSYS or SIGSYS where there was another answer outside: refused.
 */
const PROBER = `
  use POSIX ();
  for my $number (0 .. ${LAST}) {
    my $pid = fork;
    if (!$pid) { $SIG{ALRM} = 'DEFAULT'; alarm 2; $! = 0; my $result = syscall($number, -1, -1, -1, -1, -1, -1);
      POSIX::_exit($result == -1 ? $! + 0 : 0) }
    waitpid $pid, 0;
    print "\\ncall $number: ", ($? & 127 ? 'signal ' . ($? & 127) : $? >> 8), "\\n";
  }
  print "end: reached\\n";`;
const EPERM = '1';
const ENOSYS = '38';
const SIGSYS = 'signal 31';
const refusal = (answer: string | undefined): boolean => [EPERM, ENOSYS, SIGSYS].includes(answer ?? '');

async function answers(argv: readonly string[]): Promise<ReadonlyMap<number, string>> {
  const { stdout, stderr, status } = await runAs(attacker(), [...argv, ...perl(PROBER)], {
    timeout: 180_000,
    cwd: '/',
  });
  assert.match(stdout, /^end: reached$/m, `status ${status}: ${stderr}`);
  const lines = [...stdout.matchAll(/^call (\d+): (.*)$/gm)];
  assert.equal(new Set(lines.map(([, number]) => number)).size, LAST + 1);
  return new Map(lines.map(([, number, answer]) => [Number(number), answer ?? '']));
}

const inside = (profile: string): string[] => [
  attacker().sandbox,
  'run',
  '--workspace',
  'none',
  '--profile',
  profile,
  '--',
];

test('strict refuses 60 of the system calls that an ordinary user may make', canAttack, async (t) => {
  const names = new Map([...syscallTable(hostArch())].map(([name, number]) => [number, name]));
  const outside = await answers([]);
  const lacking = [...names.keys()].filter((number) => number >= NEWER && outside.get(number) === ENOSYS).length;
  for (const profile of ['strict', 'dev'] as const) {
    const found = await answers(inside(profile));
    const refused = [...outside.keys()].filter((number) => !refusal(outside.get(number)) && refusal(found.get(number)));
    const words = refused.map((number) => names.get(number) ?? String(number));
    t.diagnostic(`${profile}: ${refused.length} refused: ${words.join(' ')}`);
    assert.ok(refused.length >= AT_LEAST[profile] - lacking, `${profile}: ${refused.length}`);
    if (profile === 'strict')
      for (const name of NAMED)
        assert.ok(!outside.has(numberOf(name)) || words.includes(name) || refusal(outside.get(numberOf(name))), name);
  }
});

function numberOf(name: string): number {
  return syscallTable(hostArch()).get(name) ?? -1;
}
