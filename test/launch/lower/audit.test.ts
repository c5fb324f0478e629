import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { compileLauncher } from '../../../src/launch/compile.ts';
import type { SetupOp } from '../../../src/launch/operations.ts';
import { HEAD_SIZE } from '../../../src/linux/audit-log.ts';
import { SECCOMP_RET } from '../../../src/linux/constants/seccomp.ts';

const filter = [[6, 0, 0, SECCOMP_RET.SECCOMP_RET_USER_NOTIF]] as const;
const verdicts = [[6, 0, 0, SECCOMP_RET.SECCOMP_RET_ERRNO + 1]] as const;
const OPERATIONS: readonly SetupOp[] = [
  { op: 'openAuditLog', depth: 'learn' },
  { op: 'closeDescriptors', keepsLog: true },
  { op: 'startAuditor' },
  { op: 'audit', purpose: 'test', filter, verdicts, learns: [{ number: 1, arguments: [0, 1] }] },
];

for (const arch of ['x86_64', 'aarch64'] as const) {
  const calls = compileLauncher(OPERATIONS, { arch })
    .calls()
    .map(({ step, name, arguments: words }) => ({ step, text: `${name}(${words.join(', ')})` }));
  const of = (wanted: number): string[] => calls.filter(({ step }) => step === wanted).map(({ text }) => text);

  describe(`an auditor, ${arch}`, () => {
    test('has a log whose head is written before anything else, and which no link leads elsewhere', () => {
      const [open = '', head = '', rest = ''] = of(0);
      assert.match(open, /^openat\(AT_FDCWD, "audit", .*O_NOFOLLOW.*O_CLOEXEC, 384\)$/);
      assert.match(head, /^write\(audit log, head of the audit log, 64\)$/);
      assert.equal(rest, `write(audit log, &zeros, ${HEAD_SIZE - 64})`);
    });

    test('is the only one for whom the log stays open', () => {
      assert.equal(of(1)[0], 'fcntl(audit log, F_DUPFD_CLOEXEC, status[1]+1)');
      assert.equal(of(1).filter((text) => text.startsWith('close_range')).length, 3);
    });

    test('shares descriptors with the command, and nothing else', () => {
      assert.match(of(2).join('\n'), /^clone\(CLONE_FILES\|CLONE_PARENT\|SIGCHLD, 0, 0, 0, 0\)$/m);
    });

    test('knows its listener before there is one: afterwards every call may be one that waits', () => {
      const texts = of(3);
      const told = texts.findIndex((text) => text.startsWith('write(auditor[1]'));
      const installed = texts.findIndex((text) => text.startsWith('seccomp('));
      assert.ok(told >= 0 && told < installed);
      // The older form of the same call, for kernels that refuse the first, and then nothing of the command's.
      const after = texts.slice(installed).findIndex((text) => !text.startsWith('seccomp('));
      assert.match(texts[installed + after] ?? '', /^setsid\(\)$/);
    });

    test('gives up all capabilities but the one to read what calls point to, and cannot be traced', () => {
      const texts = of(3);
      assert.ok(texts.some((text) => /^capset\(.*CAP_SYS_PTRACE\)$/.test(text)));
      assert.ok(texts.includes('prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)'));
    });
  });
}
