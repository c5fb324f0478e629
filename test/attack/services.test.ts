/** Hostile services, and the process that holds their sandbox open: it stays a launcher for as long as they run. */
import assert from 'node:assert/strict';
import { chownSync, writeFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { sandbox, workDirectory } from '../support/user.ts';
import { attacker, canAttack, outcomes, perl } from './attack.ts';

/**
 * Finds every process that is not the attacker's own program, and tries what CVE-2019-5736 and debuggers would: its executable,
 * its memory, its descriptors, its directories, ptrace.
 */
const GRASP = `
  my $own = fork; if ($own == 0) { sleep 1000; exit }
  opendir my $proc, '/proc' or die; my %got = (held => '', own => ''); my $held = 0;
  for my $pid (grep { /^\\d+$/ } readdir $proc) {
    open my $f, '<', "/proc/$pid/comm" or next; my $comm = <$f>; chomp $comm;
    next if $comm ne 'sandbox' && $pid != $own;
    my $to = $pid == $own ? 'own' : 'held'; $held++ if $to eq 'held';
    for my $name (qw(exe cwd root)) {
      $got{$to} .= "$name-link " if defined readlink "/proc/$pid/$name";
      $got{$to} .= "$name-path " if sysopen my $opened, "/proc/$pid/$name", 010000000;
    }
    for my $mode (O_RDONLY, O_WRONLY, O_RDWR) {
      $got{$to} .= "exe-$mode " if sysopen my $exe, "/proc/$pid/exe", $mode;
      $got{$to} .= "mem-$mode " if sysopen my $mem, "/proc/$pid/mem", $mode;
    }
    if (opendir my $fds, "/proc/$pid/fd") { $got{$to} .= "fd " if grep { defined readlink "/proc/$pid/fd/$_" } readdir $fds }
    for my $name (qw(environ maps)) {
      if (open my $opened, '<', "/proc/$pid/$name") { $got{$to} .= "$name " if length(<$opened> // '') }
    }
    for my $request (16, 0x4206) { $got{$to} .= "ptrace-$request " if syscall(nr_ptrace, $request, $pid, 0, 0) == 0 }
  }
  print "held: $held\\n"; print "got: ", ($got{held} || 'nothing'), "\\n"; print "own: ", ($got{own} || 'nothing'), "\\n";
  print "grasped all\\n"; sleep 1000;
`;

describe('the process that holds the sandbox of services open is out of reach', canAttack, () => {
  for (const { name, lines } of [
    { name: 'of the user', lines: '' },
    { name: 'of root', lines: 'user = "root"\n' },
    { name: 'of root of profile strict', lines: 'user = "root"\nprofile = "strict"\nnetwork = "none"\n' },
  ]) {
    test(name, async (t) => {
      const user = attacker();
      let end = async (): Promise<unknown> => undefined;
      t.after(async () => await end());
      const cwd = workDirectory(t, user);
      writeFileSync(`${cwd}/attack.pl`, perl(GRASP).at(-1) ?? '');
      const toml = `image = "host"\n${lines}
[service.attack]
run = ["perl", "attack.pl"]
ready = { log = "grasped all" }\n`;
      writeFileSync(`${cwd}/sandbox.toml`, toml);
      chownSync(`${cwd}/sandbox.toml`, user.uid, user.gid);
      end = async () => await sandbox(user, ['down'], { cwd });
      const up = await sandbox(user, ['up', '--detach', '--no-log-prefix'], { cwd });
      assert.equal(up.status, 0, up.stderr);
      const told = outcomes(up.stdout);
      // Init, and the one that holds.
      assert.equal(told.held, '2', up.stdout);
      assert.equal(told.got, 'nothing');
      assert.match(told.own ?? '', /exe-link .*exe-0 .*fd .*maps /, 'the same is possible with a process of its own');

      // A command of its own Landlock domain may signal nobody else.
      if (lines.includes('strict')) return;
      // Killing it is no way out either: the services end, and their sandbox with all that is in it.
      await sandbox(user, ['shell', '-c', 'kill -9 -1'], { cwd });
      const isOpen = async (): Promise<boolean> =>
        (await sandbox(user, ['ps', '--json'], { cwd })).stdout.includes(cwd);
      for (let attempt = 0; (await isOpen()) && attempt < 20; attempt++)
        await new Promise((resolve) => setTimeout(resolve, 200));
      assert.ok(!(await isOpen()));
    });
  }
});
