import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { learnProfile } from '../../../src/audit/learned-profile.ts';
import { readAuditLog } from '../../../src/audit/log.ts';
import { PROFILES } from '../../../src/plan/profiles.ts';
import { parseSeccompProfile } from '../../../src/plan/seccomp/docker-profile.ts';
import type { Security } from '../../../src/plan/spec.ts';
import { needs } from '../../packages.ts';
import { skipped } from '../drivers/support/image-sandbox.ts';
import { auditedPlace, runAudited } from './support/audited.ts';

/** What was learnt, as `--security-opt seccomp=FILE` takes it. */
function held(log: Buffer, security: Security): Security {
  const path = 'learnt.json';
  const profile = parseSeccompProfile(JSON.stringify(learnProfile(readAuditLog(log))), path);
  return { ...security, seccomp: { kind: 'profile', path, profile } };
}

const PROGRAMS = [
  {
    name: 'git',
    needed: ['git'],
    script:
      'cd /tmp && git init -q r && cd r && echo x >f && git add f && git -c user.name=a -c user.email=a@b commit -qm m && git log --format=%s',
    stdout: 'm\n',
    environment: [['GIT_CONFIG_NOSYSTEM', '1']] as const,
  },
  {
    name: 'python, with a thread, a child and a pipe',
    needed: ['python3'],
    script: `python3 -c 'import subprocess, threading
t = threading.Thread(target=print, args=("thread",), kwargs={"flush": True}); t.start(); t.join()
print(subprocess.run(["echo", "child"], capture_output=True, text=True).stdout)'`,
    stdout: 'thread\nchild\n\n',
  },
  {
    name: 'perl, with a signal handler',
    needed: ['perl'],
    script: `perl -e '$SIG{USR1} = sub { print "handled\\n" }; kill USR1 => $$; print "end\\n"'`,
    stdout: 'handled\nend\n',
  },
];

for (const kind of ['subordinate', 'bare'] as const) {
  describe(`a profile that was learnt, ids: ${kind}`, { skip: skipped(kind) }, () => {
    for (const security of [PROFILES.strict, PROFILES.dev]) {
      for (const { name, needed, script, stdout, environment = [] } of PROGRAMS) {
        test(`lets ${name} run again under '${security.profile}'`, { skip: needs(...needed) }, async (t) => {
          const where = auditedPlace(t, kind);
          const command = ['/bin/sh', '-c', script];
          const spec = { environment: [['PATH', '/usr/bin:/bin'], ['HOME', '/tmp'], ...environment] as const };
          const first = await runAudited(where, 'learn', command, { ...spec, security });
          assert.equal(first.status, 0, first.stderr);
          assert.equal(first.stdout, stdout);
          const again = await runAudited(where, undefined, command, { ...spec, security: held(first.log, security) });
          assert.equal(again.status, 0, again.stderr);
          assert.equal(again.stdout, stdout);
        });
      }
    }

    test('refuses what was not used: another call, another family of sockets, another request', async (t) => {
      const where = auditedPlace(t, kind);
      const security = PROFILES.strict;
      const probe = (actions: string) => [
        '/usr/bin/python3',
        '-c',
        `import os, socket, fcntl
def tried(name, call):
    try: call(); print(name, 'ok')
    except OSError as error: print(name, error.strerror)
actions = {
  'inet': lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM).close(),
  'unix': lambda: socket.socket(socket.AF_UNIX, socket.SOCK_STREAM).close(),
  'vsock': lambda: socket.socket(40, socket.SOCK_STREAM).close(),
  'fifo': lambda: os.mkfifo('/tmp/fifo'),
  'link': lambda: os.symlink('a', '/tmp/link'),
}
for name in '${actions}'.split(): tried(name, actions[name])`,
      ];
      const first = await runAudited(where, 'learn', probe('inet vsock link'), { security });
      assert.equal(first.stdout, 'inet ok\nvsock Operation not permitted\nlink ok\n');
      const all = probe('inet unix vsock fifo link');
      const free = await runAudited(where, undefined, all, { security });
      assert.equal(free.stdout, 'inet ok\nunix ok\nvsock Operation not permitted\nfifo ok\nlink ok\n');
      const learnt = await runAudited(where, undefined, all, { security: held(first.log, security) });
      assert.equal(
        learnt.stdout,
        'inet ok\nunix Operation not permitted\nvsock Operation not permitted\nfifo Operation not permitted\nlink ok\n',
        learnt.stderr,
      );
    });

    test('is not made from a log that is not for it', async (t) => {
      const where = auditedPlace(t, kind);
      const { log } = await runAudited(where, 'everything', ['/bin/true']);
      assert.throws(() => learnProfile(readAuditLog(log)), { code: 'NOTHING_LEARNT' });
    });
  });
}
