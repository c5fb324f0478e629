/** A writable workspace: ways out of it, and what is left in it for others. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  copyFileSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { describe, test } from 'node:test';
import { needs } from '../packages.ts';
import { environmentOf, runAs, workDirectory } from '../support/user.ts';
import { ATTACKERS, attacker, canAttack, giveTo, perl, treasure } from './attack.ts';
import { attackMatrix, type MatrixOptions, type Row } from './matrix.ts';

const isRoot = process.getuid?.() === 0;

/** `place/work` is the workspace, `place/outside` is not. */
const setUp: MatrixOptions['setUp'] = async (t) => {
  const user = attacker();
  const place = workDirectory(t, user);
  for (const name of ['work', 'outside', 'work/deep', 'work/.sandbox', 'work/.sandbox/bin'])
    mkdirSync(`${place}/${name}`);
  for (const name of ['work/own', 'outside/file', 'work/.sandbox/bin/tool'])
    writeFileSync(`${place}/${name}`, 'content\n');
  symlinkSync(`${place}/outside/file`, `${place}/work/absolute`);
  symlinkSync('../outside/file', `${place}/work/relative`);
  symlinkSync(`/proc/self/root${place}/outside`, `${place}/work/magic`);
  chmodSync(place, 0o777);
  giveTo(user, place);
  // What only root of the host can put there.
  if (isRoot) {
    copyFileSync('/usr/bin/id', `${place}/work/identity`);
    chmodSync(`${place}/work/identity`, 0o6755);
    await runAs({ ...user, uid: 0, gid: 0 }, ['mknod', '-m', '666', `${place}/work/device`, 'c', '1', '5']);
  }
  return { run: { cwd: `${place}/work` }, values: { place } };
};

const reads = (path: string): Row => ({ attack: `first_line('${path}')`, control: 'outside' });

attackMatrix(
  'the workspace has no way out',
  {
    'a link': reads('absolute'),
    'a link that climbs': reads('relative'),
    'a link through /proc': reads('magic/file'),
    'a chain of ..': reads('../outside/file'),
    'the current directory as /proc shows it': reads('/proc/self/cwd/../outside/file'),
    '.. of a descriptor': {
      attack: `my $d = call(nr_openat, -100, 'deep', 0); my $up = call(nr_openat, $d, '../../outside/file', 0); $up >= 0 ? $up : undef`,
      control: 'outside',
    },
    'another name for a file outside': {
      attack: `my $made = link('../outside/file', "linked-$$"); unlink "linked-$$"; $made || undef`,
      control: 'outside',
    },
    'another name outside for a file inside': {
      attack: `my $made = link('own', "../outside/linked-$$"); unlink "../outside/linked-$$"; $made || undef`,
      control: 'outside',
    },
    'a file that is moved out': {
      attack: `opened("moved-$$", O_WRONLY | O_CREAT); my $moved = rename("moved-$$", "../outside/moved-$$"); unlink "moved-$$", "../outside/moved-$$"; $moved || undef`,
      control: 'outside',
    },
    'a file beside it': {
      attack: `my $f = opened("../beside-$$", O_WRONLY | O_CREAT) or return undef; unlink("../beside-$$"); -e '{{place}}/outside' ? 1 : undef`,
      control: 'outside',
    },
    "a project's shim, which is run outside": {
      attack: `write_to('.sandbox/bin/tool', 'evil')`,
      control: 'outside',
    },
    'a shim that is put there': {
      attack: `my $f = opened(".sandbox/bin/made-$$", O_WRONLY | O_CREAT) or return undef; unlink ".sandbox/bin/made-$$"`,
      control: 'outside',
    },
    'the directory of the shims, renamed': {
      attack: `rename('.sandbox', "gone-$$") or return undef; rename("gone-$$", '.sandbox')`,
      control: 'outside',
    },
    'the workspace itself, renamed': {
      attack: `rename('{{place}}/work', "{{place}}/work-$$") or return undef; rename("{{place}}/work-$$", '{{place}}/work')`,
      control: 'outside',
    },
    'the workspace itself, removed': {
      attack: `mkdir "{{place}}/gone-$$"; rename('deep', "{{place}}/gone-$$/deep") or return undef; rename("{{place}}/gone-$$/deep", 'deep')`,
      control: 'outside',
    },
    'a device that lies in it': {
      attack: `-e '{{place}}/work/device' or $! = 1, return undef; opened('{{place}}/work/device', O_RDONLY) ? 1 : undef`,
      control: 'host',
    },
    'a device that is made in it': {
      attack: `my $made = call(nr_mknodat, -100, '{{place}}/work/made', 020666, 0x105); unlink '{{place}}/work/made'; $made`,
      control: 'host',
    },
    ...(isRoot
      ? {
          'a set-uid program that lies in it': {
            attack: `chomp(my $id = qx({{place}}/work/identity -u)); $id eq '' || $id == $> ? undef : "as $id"`,
            control: 'outside',
          } as Row,
        }
      : {}),
  },
  { setUp, words: ['--workspace', 'rw'] },
);

/** Exchanges two names as fast as it can, as a sandbox that is open already could, until it goes out of scope. */
async function exchanging(one: string, other: string): Promise<AsyncDisposable> {
  const user = attacker();
  const script = `my ($a, $b) = ('${one}', '${other}'); print "ready\\n"; my $end = time + 60;
    while (time < $end) { syscall(nr_renameat2, -100, $a, -100, $b, 2) for 1..50; select undef, undef, undef, 0.0002 }`;
  const racer = spawn('perl', perl(script).slice(1), {
    env: environmentOf(user),
    stdio: ['ignore', 'pipe', 'inherit'],
    ...(isRoot ? { uid: user.uid, gid: user.gid } : {}),
  });
  const ended = once(racer, 'exit');
  await once(racer.stdout, 'data');
  return {
    // The directory is removed afterwards: nothing may be renamed in it any more.
    async [Symbol.asyncDispose]() {
      racer.kill('SIGKILL');
      await ended;
    },
  };
}

describe('renames while a sandbox starts', { skip: canAttack.skip || needs('bwrap') }, () => {
  test('do not exchange its workspace for a link to elsewhere', async (t) => {
    const user = attacker();
    const outside = treasure(t);
    const place = workDirectory(t, user);
    mkdirSync(`${place}/sub`);
    writeFileSync(`${place}/sub/file`, 'harmless\n');
    symlinkSync(outside.path, `${place}/link`);
    giveTo(user, place);
    const before = `cd ${place}/sub && cat file >/dev/null || exit 9; touch ../ready; sleep 0.3; i=0;`;
    const loop = (count: number, command: string) =>
      runAs(user, ['sh', '-c', `${before} while [ $i -lt ${count} ]; do i=$((i+1)); ${command}; done 2>&1`], {
        timeout: 90_000,
      });
    await using _racer = await exchanging(`${place}/sub`, `${place}/link`);
    const bwrap = 'bwrap --dev-bind / / --bind "$(pwd -P)" /mnt cat /mnt/file';
    // The current directory is what it was, under one name or the other.
    const enter = async (count: number, command: string) => {
      for (let tries = 0; tries < 20; tries++) {
        const result = await loop(count, command);
        if (result.status !== 9 && result.stdout.includes('harmless')) return result.stdout;
      }
      return '';
    };
    assert.ok((await enter(60, bwrap)).includes(outside.secret), 'the control is tricked');
    const stdout = await enter(12, `${user.sandbox} run --workspace rw -- cat file`);
    assert.ok(stdout.includes('harmless'), stdout);
    assert.ok(!stdout.includes(outside.secret), stdout);
    outside.untouched();
  });

  test('do not lead a volume to a place outside (CVE-2021-30465)', async (t) => {
    const user = attacker();
    const outside = treasure(t);
    const place = workDirectory(t, user);
    mkdirSync(`${place}/sub/target`, { recursive: true });
    writeFileSync(`${place}/file`, 'volume\n');
    symlinkSync(outside.path, `${place}/link`);
    giveTo(user, place);
    await using _racer = await exchanging(`${place}/sub`, `${place}/link`);
    const words = ['run', '--workspace', 'rw', '-v', `${place}/file:${place}/sub/target/deep/file`, '--'];
    let outcomes = '';
    for (let starts = 0; starts < 8; starts++) {
      const script = `cat ${outside.path}/file; cat /proc/self/mountinfo | grep -c treasure; echo ran`;
      const { stdout, stderr } = await runAs(user, [user.sandbox, ...words, 'sh', '-c', script], { cwd: place });
      outcomes += stdout + stderr;
      outside.untouched();
    }
    assert.ok(!outcomes.includes(outside.secret), outcomes);
    assert.match(outcomes, /ran|sandbox: /);
  });

  test('of the directory that it is in do not open what lies above (CVE-2015-2925)', async (t) => {
    const user = attacker();
    const outside = treasure(t);
    const place = workDirectory(t, user);
    mkdirSync(`${place}/work/deep/deeper`, { recursive: true });
    giveTo(user, place);
    const script = `cd deep/deeper; echo ready; read go; cat ../file ../../treasure/file ../../../treasure/file; ls .. ; echo end`;
    const opened = (words: readonly string[]) => {
      const child = spawn(words[0] ?? '', [...words.slice(1), 'sh', '-c', script], {
        cwd: `${place}/work`,
        env: environmentOf(user),
        stdio: ['pipe', 'pipe', 'ignore'],
        ...(isRoot ? { uid: user.uid, gid: user.gid } : {}),
      });
      t.after(() => child.kill('SIGKILL'));
      return child;
    };
    for (const [words, isHeld] of [
      [['env'], false],
      [[user.sandbox, 'run', '--profile', 'dev', '--'], true],
      [[user.sandbox, 'run', '--profile', 'strict', '--'], true],
    ] as const) {
      const child = opened(words);
      let shown = '';
      child.stdout.setEncoding('utf8').on('data', (text: string) => (shown += text));
      const closed = new Promise((resolve) => child.once('close', resolve));
      await new Promise((resolve) => child.stdout.once('data', resolve));
      renameSync(`${place}/work/deep/deeper`, `${outside.path}/deeper`);
      child.stdin.end('go\n');
      await closed;
      renameSync(`${outside.path}/deeper`, `${place}/work/deep/deeper`);
      assert.match(shown, /end$/m);
      assert.equal(shown.includes(outside.secret), !isHeld, `${words.join(' ')}: ${shown}`);
    }
  });
});

describe('what a sandbox leaves in a workspace', canAttack, () => {
  for (const profile of ['dev', 'strict']) {
    test(`with profile ${profile} belongs to the user or to subordinate ids, whatever bits it has`, async (t) => {
      const user = attacker();
      for (const { words } of ATTACKERS) {
        const place = workDirectory(t, user);
        const script = `cp /usr/bin/id evil; chmod 6755 evil; cp /usr/bin/id evil2; chown 0:0 evil2; chmod 6755 evil2;
          cp /usr/bin/id evil3; chown 1:1 evil3; chmod 6755 evil3; setcap cap_sys_admin+ep evil; mknod null c 1 3; echo end`;
        const { stdout, stderr } = await runAs(
          user,
          [user.sandbox, 'run', '--profile', profile, '--workspace', 'rw', ...words, '--', 'sh', '-c', script],
          { cwd: place },
        );
        assert.match(stdout, /^end$/m, stderr);
        const left = readdirSync(place);
        assert.ok(left.includes('evil'), 'the workspace is written to');
        for (const name of left) {
          const about = lstatSync(`${place}/${name}`);
          assert.ok(about.uid >= 1000 && about.gid >= 1000, `${name}: ${about.uid}:${about.gid}`);
          assert.ok(about.isFile(), name);
        }
      }
    });
  }

  test('without a word the home, the store and directories that everybody shares are no workspace', async () => {
    const user = attacker();
    const shared = ['/tmp', '/var/tmp', '/run', '/var'];
    const own = [user.home, `${user.home}/.local`, `${user.home}/.local/share`, `${user.home}/.local/share/sandbox`];
    for (const cwd of [...own, ...shared]) {
      const script = 'grep -c " $(pwd -P) .* - " /proc/self/mountinfo; ls -A | wc -l';
      const open = await runAs(user, [user.sandbox, 'run', '--workspace', 'rw', '--', 'sh', '-c', `ls -A | wc -l`], {
        cwd,
      });
      assert.ok(Number(open.stdout) > 0, `${cwd}: the control shows it: ${open.stdout}${open.stderr}`);
      const { stdout, stderr } = await runAs(user, [user.sandbox, 'run', '--', 'sh', '-c', script], { cwd });
      assert.match(stderr, /not mounted/, `${cwd}: ${stdout}${stderr}`);
    }
  });
});
