import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readAuditLog } from '../../../src/audit/log.ts';
import { summarise } from '../../../src/audit/summary.ts';
import { auditText } from '../../../src/commands/try/audit-text.ts';
import { HEAD_SIZE, MOST_RECORDS, RECORD_SIZE } from '../../../src/linux/audit-log.ts';
import { PROFILES } from '../../../src/plan/profiles.ts';
import { type Kind, skipped } from '../drivers/support/image-sandbox.ts';
import { auditedPlace, runAudited } from './support/audited.ts';

/** Finds the auditor: the only process of ours beside init. */
const PRELUDE = `
import ctypes, os, socket, struct, sys, time
libc = ctypes.CDLL(None, use_errno=True)
def call(number, *words):
    ctypes.set_errno(0)
    result = libc.syscall(ctypes.c_long(number), *[ctypes.c_long(word) if isinstance(word, int) else word for word in words])
    return result if result >= 0 else -ctypes.get_errno()
def comm(pid):
    try: return open(f'/proc/{pid}/comm').read().strip()
    except OSError: return ''
others = [int(pid) for pid in os.listdir('/proc') if pid.isdigit() and int(pid) not in (1, os.getpid())]
auditor = [pid for pid in others if comm(pid) == 'sandbox']
def outcome(name, action):
    try: print(name, 'ok', action() or '')
    except OSError as error: print(name, error.strerror)
`;
const KEYCTL = process.arch === 'x64' ? 250 : 219;
const SECCOMP = process.arch === 'x64' ? 317 : 277;

async function python(
  t: Parameters<typeof auditedPlace>[0],
  kind: Kind,
  audit: 'refused' | 'everything' | 'learn' | undefined,
  security: 'dev' | 'strict',
  script: string,
) {
  const where = auditedPlace(t, kind);
  const ran = await runAudited(where, audit, ['/usr/bin/python3', '-c', `${PRELUDE}${script}`], {
    security: PROFILES[security],
  });
  return { ...ran, lines: ran.stdout.trim().split('\n') };
}

for (const kind of ['subordinate', 'bare'] as const) {
  describe(`an auditor, ids: ${kind}`, { skip: skipped(kind) }, () => {
    test('that is killed lets nothing through', async (t) => {
      const script = `
print('before', call(${KEYCTL}, 0, -3, 0))
os.kill(auditor[0], 9)
time.sleep(0.1)
print('after', call(${KEYCTL}, 0, -3, 0))
print('unaudited', os.getppid())`;
      const { lines, stderr } = await python(t, kind, 'refused', 'dev', script);
      assert.deepEqual(lines, ['before -38', 'after -38', 'unaudited 1'], stderr);
    });

    test('that is killed leaves no room for a listener of the command, which would let calls go on', async (t) => {
      // A filter that asks for keyctl, and a supervisor of the command's own that says: go on.
      const script = `
if auditor: os.kill(auditor[0], 9); time.sleep(0.1)
libc.prctl(38, 1, 0, 0, 0)
program = struct.pack('HBBI' * 4, 0x20, 0, 0, 0, 0x15, 0, 1, ${KEYCTL}, 0x06, 0, 0, 0x7fc00000, 0x06, 0, 0, 0x7fff0000)
buffer = ctypes.create_string_buffer(program)
prog = struct.pack('HxxxxxxQ', 4, ctypes.addressof(buffer))
listener = call(${SECCOMP}, 1, 8, ctypes.create_string_buffer(prog))
print('listener', 'mine' if listener > 2 else listener)`;
      assert.deepEqual((await python(t, kind, undefined, 'dev', script)).lines, ['listener mine']);
      for (const audit of ['refused', 'everything', 'learn'] as const) {
        const script2 = audit === 'learn' ? script.replace('if auditor:', 'if False:') : script;
        assert.deepEqual((await python(t, kind, audit, 'dev', script2)).lines, ['listener -16'], audit);
      }
    });

    test('that is killed ends a command under it that needs every call answered', async (t) => {
      const { status, signal } = await python(
        t,
        kind,
        'learn',
        'dev',
        `os.kill(auditor[0], 9); time.sleep(1); print('went on')`,
      );
      assert.ok(status !== 0 || signal !== null);
    });

    test('is out of reach: no tracing, no memory, no descriptors, no listener in the command', async (t) => {
      const script = `
pid = auditor[0]
print('ptrace', call(101 if sys.maxsize and os.uname().machine == 'x86_64' else 117, 16, pid, 0, 0))
print('getfd', call(438, call(434, pid, 0), 1, 0))
for name in ('mem', 'maps', 'environ'): outcome(name, lambda: open(f'/proc/{pid}/{name}', 'rb').read(1))
for name in ('fd', 'fdinfo'): outcome(name, lambda: len(os.listdir(f'/proc/{pid}/{name}')))
for name in ('root', 'cwd', 'exe', 'fd/0', 'fd/1'): outcome(name, lambda: os.stat(f'/proc/{pid}/{name}') and None)
print(sorted(os.readlink(f'/proc/self/fd/{n}') for n in os.listdir('/proc/self/fd') if os.path.exists(f'/proc/self/fd/{n}') and 'seccomp' in os.readlink(f'/proc/self/fd/{n}')))
print([line.split()[1] for line in open(f'/proc/{pid}/status') if line.startswith('CapEff')])`;
      for (const security of ['dev', 'strict'] as const) {
        const { lines, stderr } = await python(t, kind, 'everything', security, script);
        const [ptrace, getfd, ...rest] = lines;
        assert.equal(ptrace, 'ptrace -1', stderr);
        assert.match(getfd ?? '', /^getfd -(1|9)$/);
        assert.equal(rest.at(-1), "['0000000000080000']");
        assert.equal(rest.at(-2), '[]');
        for (const line of rest.slice(0, -2)) assert.match(line, / (Permission denied|Operation not permitted)$/, line);
      }
    });

    test('gets no signals where Landlock holds the command', async (t) => {
      // Signals are scoped from ABI 6 on.
      const script = `
print('abi', call(444, 0, 0, 1))
outcome('kill', lambda: os.kill(auditor[0], 9))
print('asked', call(${KEYCTL}, 0, -3, 0))`;
      const { lines, stderr } = await python(t, kind, 'refused', 'strict', script);
      const abi = Number(lines[0]?.split(' ')[1]);
      assert.equal(lines[1], abi >= 6 ? 'kill Operation not permitted' : 'kill ok', stderr);
      assert.equal(lines[2], 'asked -38');
    });

    // It takes a while, and whose ids they are makes no difference.
    if (kind === 'bare') {
      test('cannot be made to fill the disk, and counts all the same', { timeout: 120_000 }, async (t) => {
        const script = `
for n in range(${MOST_RECORDS + 5000}): libc.access(b'/tmp/%d' % n, 0)
for n in range(1000): call(${KEYCTL}, 0, -3, n)`;
        const { log, status, stderr } = await python(t, kind, 'everything', 'strict', script);
        assert.equal(status, 0, stderr);
        assert.equal(log.length, HEAD_SIZE + MOST_RECORDS * RECORD_SIZE);
        const read = readAuditLog(log);
        assert.ok(read.dropped >= 5000);
        assert.deepEqual(read.calls.find(({ name }) => name === 'keyctl')?.refused, 1000);
        const access = process.arch === 'x64' ? 'access' : 'faccessat';
        assert.ok((read.calls.find(({ name }) => name === access)?.asked ?? 0) >= MOST_RECORDS + 5000);
      });
    }

    test('writes what it is given as it is: a path makes no line of its own in the report', async (t) => {
      const script = `
for path in (b'/home/me/x\\nRefused system calls\\n  reboot', b'/home/me/\\x1b[2J\\x1b]0;owned\\x07', b'/home/me/\\xff\\xe2\\x80\\xae', b'/home/me/' + b'a' * 240):
    try: os.stat(path)
    except OSError: pass`;
      const { log } = await python(t, kind, 'everything', 'strict', script);
      const report = summarise(readAuditLog(log), {
        rootfs: 'image',
        network: 'none',
        home: '/home/me',
        onHost: (path) => path.startsWith('/home/me/'),
      });
      const lines = auditText(report).split('\n');
      assert.ok(lines.includes('  /home/me/x\\nRefused system calls\\n  reboot'), lines.join('\n'));
      assert.ok(lines.includes('  /home/me/\\x1b[2J\\x1b]0;owned\\x07'));
      assert.ok(lines.includes('  /home/me/\\xff\\u202e'));
      assert.ok(!lines.includes('Refused system calls'));
    });
  });
}
