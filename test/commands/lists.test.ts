import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { UsageError } from '../../src/commands/arguments/usage-error.ts';
import { findingsText } from '../../src/commands/doctor/findings-text.ts';
import { describeOperations } from '../../src/commands/plan/describe-operations.ts';
import { age } from '../../src/commands/ps/age.ts';
import { selectSandbox } from '../../src/commands/rm/select-sandboxes.ts';
import type { SandboxInfo } from '../../src/sandbox/lifecycle.ts';
import { colours } from '../../src/ui/colour.ts';

it('age is told in the largest unit', () => {
  const ages = [0, 1, 59, 60, 7200, 86_400 * 3].map((seconds) => age(0, seconds * 1000));
  assert.deepEqual(ages, ['just now', '1 second ago', '59 seconds ago', '1 minute ago', '2 hours ago', '3 days ago']);
  assert.equal(age(5000, 0), 'just now');
  assert.equal(age(Number.NaN, 0), '-');
});

describe('selectSandbox', () => {
  const sandbox = { state: 'stopped' as const, rootfs: 'host', command: ['sh'], created: '2024-01-01T00:00:00Z' };
  const all: readonly SandboxInfo[] = [
    { ...sandbox, id: 'abcdef01', name: 'web' },
    { ...sandbox, id: 'abcdef02' },
    { ...sandbox, id: '12345678', name: 'abcdef02' },
  ];

  it('takes a name before an id before the start of an id', () => {
    assert.equal(selectSandbox('web', all).id, 'abcdef01');
    assert.equal(selectSandbox('abcdef01', all).id, 'abcdef01');
    assert.equal(selectSandbox('abcdef02', all).id, '12345678');
    assert.equal(selectSandbox('1234', all).id, '12345678');
  });

  it('refuses what fits none, more than one, or is too short', () => {
    for (const typed of ['123', 'abcdef', 'nothing', '']) assert.throws(() => selectSandbox(typed, all), UsageError);
    assert.throws(() => selectSandbox('wbe', all), { message: 'no sandbox "wbe"', hint: 'did you mean web?' });
  });
});

it('findings are told with what mends them, and counted', () => {
  const text = findingsText(
    [
      { id: 'kernel', title: 'Kernel', state: 'ok', detail: 'Linux 6.1' },
      {
        id: 'userns',
        title: 'User namespaces',
        state: 'error',
        detail: 'restricted by AppArmor',
        remedy: 'sudo apparmor_parser -r FILE',
        file: { path: '/etc/apparmor.d/sandbox', content: 'abi <abi/4.0>,\n\nprofile sandbox {}\n' },
      },
    ],
    colours(false),
  );
  assert.equal(
    text,
    `ok       Kernel
         Linux 6.1
error    User namespaces
         restricted by AppArmor
         to mend it:
           sudo apparmor_parser -r FILE
         /etc/apparmor.d/sandbox:
           abi <abi/4.0>,

           profile sandbox {}

1 error, 0 warnings
`,
  );
});

it('operations are told one a line, long fields cut', () => {
  const text = describeOperations([
    { op: 'dieWithMonitor' },
    { op: 'hostname', name: 'a b' },
    { op: 'writeFile', path: '/etc/hosts', content: 'x'.repeat(500) },
  ]);
  const [first, second, third] = text.split('\n');
  assert.equal(first, '1 dieWithMonitor');
  assert.equal(second, '2 hostname name="a b"');
  assert.match(third ?? '', /^3 writeFile path="\/etc\/hosts" content="x{159}… \(502 characters\)$/);
});
