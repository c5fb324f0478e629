/** A hostile process in a sandbox, and a second command that joins it: what that has in hand before it is the command. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { describe, test } from 'node:test';
import { environmentOf, sandbox } from '../support/user.ts';
import { ATTACKERS, attacker, canAttack, outcomes, perl } from './attack.ts';

/** Looks at every new process as often as it can, stops it now and then, and notes what it gets of a launcher. */
const LURK = `
  my (%seen, $got, $looked); print "ready: yes\\n"; my $until = time + 60;
  while (time < $until && !-e '/tmp/stop') {
    opendir my $proc, '/proc' or next;
    for my $pid (grep { /^\\d+$/ && $_ > 1 && $_ != $$ } readdir $proc) {
      $seen{$pid} = 1; $looked++;
      if ($looked % 3 == 0) { kill STOP => $pid }
      my $exe = readlink "/proc/$pid/exe";
      if (defined $exe && $exe =~ m{/launchers/|/dev/shm|\\(deleted\\)|/#\\d+}) {
        $got .= "exe=$exe ";
        $got .= 'WRITABLE ' if sysopen my $f, "/proc/$pid/exe", O_RDWR;
        $got .= 'PATH ' if sysopen my $g, "/proc/$pid/exe", 010000000;
        $got .= 'MEMORY ' if sysopen my $m, "/proc/$pid/mem", O_RDWR;
      }
      for my $fd (3..12) { my $to = readlink "/proc/$pid/fd/$fd"; $got .= "fd$fd=$to " if defined $to && $to =~ m{^/(?!dev/|proc|etc/|usr/|lib|tmp/)} }
      kill CONT => $pid;
    }
  }
  print 'processes: ', scalar(keys %seen), "\\n"; print 'got: ', ($got // 'nothing'), "\\n"; print "end: reached\\n";
`;

describe('what joins a sandbox cannot be caught on the way', canAttack, () => {
  for (const { name, words } of ATTACKERS) {
    test(`by ${name}`, async (t) => {
      const user = attacker();
      const box = `attack-${process.pid}-${words.join('').replaceAll('-', '')}`;
      const options = ['--workspace', 'none', ...words, '--name', box, '--'];
      const lurker = spawn(user.sandbox, ['shell', ...options, ...perl(LURK)], {
        cwd: '/',
        env: environmentOf(user),
        stdio: ['ignore', 'pipe', 'inherit'],
        ...(process.getuid?.() === 0 ? { uid: user.uid, gid: user.gid } : {}),
      });
      t.after(async () => {
        lurker.kill('SIGKILL');
        await sandbox(user, ['rm', '--force', box]);
      });
      let stdout = '';
      lurker.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
      const ended = new Promise((resolve) => lurker.once('close', resolve));
      await new Promise((resolve) => lurker.stdout.once('data', resolve));
      for (let joins = 0; joins < 12; joins++) {
        const {
          status,
          stdout: said,
          stderr,
        } = await sandbox(user, ['shell', ...options, 'echo', 'joined'], { timeout: 30_000 });
        assert.deepEqual([status, said], [0, 'joined\n'], stderr);
      }
      await sandbox(user, ['shell', ...options, 'touch', '/tmp/stop'], { timeout: 30_000 });
      await ended;
      const told = outcomes(stdout);
      assert.equal(told.end, 'reached', stdout);
      assert.ok(Number(told.processes) >= 8, `it has seen ${told.processes} processes`);
      assert.equal(told.got, 'nothing');
    });
  }
});
