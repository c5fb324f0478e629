import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readAuditLog } from '../../../src/audit/log.ts';
import { summarise } from '../../../src/audit/summary.ts';
import { PROFILES } from '../../../src/plan/profiles.ts';
import { skipped } from '../drivers/support/image-sandbox.ts';
import { audited, auditedPlace, runAudited } from './support/audited.ts';

const NOTHING_ELSE = { rootfs: 'image', network: 'none', home: '/home/me', onHost: () => true } as const;

for (const kind of ['subordinate', 'bare'] as const) {
  describe(`an audit, ids: ${kind}`, { skip: skipped(kind) }, () => {
    test('lists the refused calls with what they were to do, and how often', async (t) => {
      const where = auditedPlace(t, kind);
      const { log } = await audited(
        where,
        'refused',
        'for n in 1 2 3; do unshare -U true; done; mount -t tmpfs x /tmp; true',
        {
          security: PROFILES.strict,
        },
      );
      const { refused, depth } = summarise(readAuditLog(log), NOTHING_ELSE);
      assert.equal(depth, 'refused');
      assert.deepEqual(
        refused.map(({ call, count, errno, arguments: texts }) => [call, count, errno, ...texts]),
        [
          ['unshare', 3, 'EPERM', 'CLONE_NEWUSER'],
          ['mount', 1, 'EPERM', '/tmp'],
        ],
      );
    });

    test('lists files, programs and addresses, from whatever directory they were asked for', async (t) => {
      const where = auditedPlace(t, kind);
      const { log } = await audited(
        where,
        'everything',
        `cat ../home/me/.ssh/id_rsa; cd /usr; ls share/nothing; echo >/work/made; echo >/tmp/other
        python3 - <<'END'
import os, socket
def tried(call, *words):
    try: call(*words)
    except OSError: pass
descriptor = os.open('/usr', os.O_PATH)
tried(os.open, 'lib/missing-here', os.O_RDONLY, 0, )
tried(lambda: os.open('bin/env', os.O_RDONLY, dir_fd=descriptor))
tried(socket.socket(socket.AF_INET).connect, ('192.0.2.1', 80))
tried(socket.socket(socket.AF_INET).connect, ('127.0.0.1', 9))
tried(socket.socket(socket.AF_INET6).connect, ('2001:db8::1', 443))
tried(socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto, b'x', ('198.51.100.7', 53))
tried(socket.socket(socket.AF_UNIX).connect, '\\0hidden')
tried(socket.socket(socket.AF_UNIX).connect, '/run/docker.sock')
tried(socket.socket(socket.AF_UNIX).bind, '/tmp/own.sock')
tried(socket.socket(socket.AF_UNIX).connect, '/tmp/own.sock')
END
        true`,
        { security: PROFILES.strict },
      );
      const report = summarise(readAuditLog(log), { ...NOTHING_ELSE, workspace: '/work' });
      assert.deepEqual(report.refused, []);
      assert.ok(report.keptAway.includes('/home/me/.ssh/id_rsa'), String(report.keptAway));
      assert.ok(report.keptAway.includes('/run/docker.sock'), String(report.keptAway));
      assert.deepEqual(report.written, ['/tmp/other']);
      for (const program of ['cat', 'ls', 'python3'])
        assert.ok(report.programs.includes(`/usr/bin/${program}`), program);
      assert.ok(report.read.includes('/usr/bin/env'), String(report.read));
      const uses = report.network
        .filter(({ text }) => !text.includes('nscd'))
        .map(({ use, text, keptAway }) => `${use} ${text} ${keptAway ? 'no way' : 'open'}`);
      assert.deepEqual(uses, [
        'connect 192.0.2.1:80 no way',
        'connect 127.0.0.1:9 open',
        'connect [2001:db8::1]:443 no way',
        'sendto 198.51.100.7:53 no way',
        'connect @hidden open',
        'connect /run/docker.sock no way',
        'bind /tmp/own.sock open',
        'connect /tmp/own.sock open',
      ]);
    });

    test('changes nothing for the command: its status, its output, what it may do', async (t) => {
      const where = auditedPlace(t, kind);
      const script =
        'id -u; cd /usr/bin && ls | head -3; grep -E "NoNewPrivs|Seccomp:" /proc/self/status; ls /proc/self/fd; exit 7';
      const seen = [];
      for (const audit of ['refused', 'everything', 'learn', undefined] as const) {
        const options = { security: PROFILES.strict };
        const { status, stdout, stderr } = await runAudited(where, audit, ['/bin/sh', '-c', script], options);
        seen.push({ status, stdout, stderr });
      }
      assert.equal(seen[0]?.status, 7);
      for (const each of seen) assert.deepEqual(each, seen[3]);
    });

    test('does not make calls fail with EINTR where signals restart them', async (t) => {
      const where = auditedPlace(t, kind);
      const script = `use POSIX; use Time::HiRes qw(setitimer ITIMER_REAL);
        my $ticks = 0; sigaction(SIGALRM, POSIX::SigAction->new(sub { $ticks++ }, POSIX::SigSet->new, SA_RESTART));
        setitimer(ITIMER_REAL, 0.001, 0.001); my $interrupted = 0;
        for (1..5000) { open(my $f, '<', '/etc') or $!{EINTR} and $interrupted++; }
        setitimer(ITIMER_REAL, 0); print(($ticks > 5 ? 'ticked' : "ticks $ticks") . " $interrupted\\n");`;
      const { stdout, status, stderr } = await runAudited(where, 'everything', ['/usr/bin/perl', '-e', script]);
      assert.equal(status, 0, stderr);
      assert.equal(stdout, 'ticked 0\n');
    });
  });
}
