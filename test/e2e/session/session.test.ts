import assert from 'node:assert/strict';
import {
  accessSync,
  chmodSync,
  chownSync,
  constants,
  existsSync,
  mkdirSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { type TestContext, test } from 'node:test';
import { CANNOT_RUN_HERE, needs } from '../../packages.ts';
import { runAs, workDirectory } from '../../support/user.ts';
import { account, inside, ordinary, tryInside } from '../support/inside.ts';

const isRoot = process.getuid?.() === 0;

function ownedByUser(path: string): void {
  if (isRoot) chownSync(path, account().uid, account().gid);
}

/** A server of the session: whoever connects is greeted. */
async function server(t: TestContext, path: string, greeting: string): Promise<void> {
  const listening = createServer((socket) => socket.end(`${greeting}\n`));
  await new Promise<void>((resolve) => {
    listening.listen(path, resolve);
  });
  chmodSync(path, 0o600);
  ownedByUser(path);
  t.after(() => listening.close());
}

/** A command that prints what a socket says. */
const greetingOf = (path: string) =>
  `perl -MIO::Socket::UNIX -e 'my $s = IO::Socket::UNIX->new($ARGV[0]) or die "no: $!\\n"; print $s->getline' "${path}"`;

/** Runs a script in a directory with agents of its own, as the account. */
const outside = async (cwd: string, script: string, env: Record<string, string> = {}) => {
  const result = await runAs(account(), ['bash', '-euc', script, account().sandbox], { cwd, env });
  assert.equal(result.status, 0, result.stdout + result.stderr);
  return result.stdout;
};

test('--ssh-agent lets a command sign with a key that it cannot read', {
  skip: ordinary.skip || needs('ssh-keygen'),
}, async (t) => {
  const cwd = workDirectory(t, account());
  const script = `
    mkdir keys work; ssh-keygen -qt ed25519 -N '' -f keys/id; ssh-keygen -lf keys/id.pub | cut -d' ' -f2
    eval "$(ssh-agent)" > /dev/null; trap 'kill $SSH_AGENT_PID' EXIT
    ssh-add -q keys/id; cp keys/id.pub work; cd work
    for words in "" "--profile strict" "-u root"; do
      "$0" run --ssh-agent $words -- sh -c 'ssh-add -l | cut -d" " -f2; echo x | ssh-keygen -Y sign -n file -f id.pub 2>/dev/null | head -1; ls ../keys 2>/dev/null || true' 2>/dev/null
    done
    "$0" run -- sh -c 'ssh-add -l >/dev/null 2>&1 || echo "none: $SSH_AUTH_SOCK"'`;
  const [key, ...seen] = (await outside(cwd, script)).trimEnd().split('\n');
  assert.match(key ?? '', /^SHA256:/);
  const signed = [key, '-----BEGIN SSH SIGNATURE-----'];
  assert.deepEqual(seen, [...signed, ...signed, ...signed, 'none:']);
});

test('--gpg-agent lets a command sign, through the socket that cannot export keys', {
  skip: ordinary.skip || needs('gpg', 'gpg-agent'),
}, async (t) => {
  const cwd = workDirectory(t, account());
  const script = `
    export GNUPGHOME=$PWD/gnupg; mkdir -m 700 gnupg work; trap 'gpgconf --kill all' EXIT
    gpg --batch --quiet --passphrase '' --quick-gen-key ann@example.org ed25519 sign 2>/dev/null
    gpgconf --launch gpg-agent; cd work
    "$0" run --gpg-agent -- sh -c 'unset GNUPGHOME; echo text | gpg --batch --clearsign 2>/dev/null | grep -c BEGIN; stat -c %a ~/.gnupg
      gpg --batch --pinentry-mode loopback --passphrase "" --export-secret-keys ann@example.org 2>/dev/null | wc -c'`;
  assert.deepEqual((await outside(cwd, script)).trimEnd().split('\n'), ['2', '700', '0']);
});

test('--dbus lets a command talk to the session bus', {
  skip: ordinary.skip || needs('dbus-daemon', 'dbus-send'),
}, async (t) => {
  const cwd = workDirectory(t, account());
  const script = `
    mkdir work; bus=$PWD/bus; pid=$(dbus-daemon --session --fork --nopidfile --address="unix:path=$bus" --print-pid)
    trap 'kill "$pid"' EXIT; export DBUS_SESSION_BUS_ADDRESS="unix:path=$bus,guid=0123456789abcdef0123456789abcdef"; cd work
    ask='dbus-send --session --print-reply --dest=org.freedesktop.DBus / org.freedesktop.DBus.ListNames 2>/dev/null |
      grep -q org.freedesktop.DBus && echo talks || echo none'
    "$0" run --dbus -- sh -c "$ask"; "$0" run --profile strict --dbus -- sh -c "$ask" 2>/dev/null; "$0" run -- sh -c "$ask"`;
  assert.deepEqual((await outside(cwd, script)).trimEnd().split('\n'), ['talks', 'talks', 'none']);
});

test('--wayland and --audio show the sockets of the desktop, and nothing else of it', ordinary, async (t) => {
  const cwd = workDirectory(t, account());
  const runtime = workDirectory(t, account());
  mkdirSync(`${runtime}/pulse`);
  await server(t, `${runtime}/wayland-7`, 'wayland');
  await server(t, `${runtime}/pulse/native`, 'pulse');
  await server(t, `${runtime}/pipewire-0`, 'pipewire');
  await server(t, `${runtime}/bus`, 'bus');
  const env = { XDG_RUNTIME_DIR: runtime, WAYLAND_DISPLAY: 'wayland-7' };
  const script = `${greetingOf('$WAYLAND_DISPLAY')}; ${greetingOf('$(echo $PULSE_SERVER | cut -c6-)')}; ${greetingOf(
    '$PIPEWIRE_RUNTIME_DIR/pipewire-0',
  )}; ls /run/sandbox | xargs; ls ${runtime} 2>/dev/null || echo hidden`;
  for (const words of [[], ['--profile', 'strict'], ['--read-only']]) {
    const seen = await inside(account(), { cwd, env }, ['--wayland', '--audio', ...words], script);
    assert.deepEqual(seen.split('\n'), ['wayland', 'pulse', 'pipewire', 'pipewire-0 pulse wayland', 'hidden']);
  }
  const without = await inside(
    account(),
    { cwd, env },
    [],
    `ls -d /run/sandbox 2>/dev/null; echo "$WAYLAND_DISPLAY$PULSE_SERVER"`,
  );
  assert.equal(without, '');
});

/** An entry of an Xauthority file. */
function cookie(family: number, address: string, display: string, data: string): Buffer {
  const fields = [address, display, 'MIT-MAGIC-COOKIE-1', data].flatMap((text) => {
    const length = Buffer.alloc(2);
    length.writeUInt16BE(text.length);
    return [length, Buffer.from(text)];
  });
  const number = Buffer.alloc(2);
  number.writeUInt16BE(family);
  return Buffer.concat([number, ...fields]);
}

test('--x11 shows one display, with its cookie and no other', ordinary, async (t) => {
  const cwd = workDirectory(t, account());
  const number = String(9000 + (process.pid % 1000));
  const path = `/tmp/.X11-unix/X${number}`;
  if (!existsSync('/tmp/.X11-unix')) {
    mkdirSync('/tmp/.X11-unix');
    chmodSync('/tmp/.X11-unix', 0o1777);
  }
  try {
    accessSync('/tmp/.X11-unix', constants.W_OK);
  } catch {
    t.skip(`${CANNOT_RUN_HERE}/tmp/.X11-unix is not everyone's to write to`);
    return;
  }
  rmSync(path, { force: true });
  await server(t, path, 'x11');
  const file = `${workDirectory(t, account())}/Xauthority`;
  const entries = [
    cookie(256, 'laptop', number, 'right-cookie'),
    cookie(256, 'laptop', '0', 'wrong-cookie'),
    cookie(0, '\x0a\0\0\x01', number, 'far-cookie'),
  ];
  writeFileSync(file, Buffer.concat(entries), { mode: 0o600 });
  ownedByUser(file);
  const env = { DISPLAY: `:${number}.0`, XAUTHORITY: file };
  const script = `${greetingOf(path)}; echo "$DISPLAY $XAUTHORITY"; grep -ao "[a-z]*-cookie" "$XAUTHORITY"; stat -c %a "$XAUTHORITY"; ls /tmp/.X11-unix | wc -l`;
  for (const words of [[], ['--profile', 'strict']]) {
    const seen = await inside(account(), { cwd, env }, ['--x11', ...words], script);
    const expected = ['x11', `:${number} /run/secrets/Xauthority`, 'right-cookie', '400', '1'];
    assert.deepEqual(seen.split('\n'), expected);
  }
  const remote = await tryInside(account(), { cwd, env: { DISPLAY: 'localhost:10.0' } }, ['--x11'], 'true');
  assert.match(remote.stderr, /--x11: the display localhost:10\.0 is not on this machine/);
});

test('what is asked for and is not there, or is another’s, is an error', ordinary, async (t) => {
  const cwd = workDirectory(t, account());
  const runtime = workDirectory(t, account());
  writeFileSync(`${runtime}/file`, '');
  const cases: Array<readonly [words: string, env: Record<string, string>, message: RegExp]> = [
    ['--ssh-agent', {}, /--ssh-agent: SSH_AUTH_SOCK is not set.*\n {2}hint: start one/],
    ['--ssh-agent', { SSH_AUTH_SOCK: '/gone' }, /the ssh-agent of SSH_AUTH_SOCK is gone: \/gone: .*ENOENT/],
    ['--ssh-agent', { SSH_AUTH_SOCK: `${runtime}/file` }, /file is no socket/],
    ['--ssh-agent', { SSH_AUTH_SOCK: 'agent' }, /has no absolute path: agent/],
    ['--dbus', {}, /there is no session bus/],
    ['--dbus', { DBUS_SESSION_BUS_ADDRESS: 'unix:abstract=/tmp/dbus-1' }, /has no socket with a path/],
    ['--wayland', {}, /WAYLAND_DISPLAY is not set/],
    ['--wayland', { WAYLAND_DISPLAY: 'wayland-0' }, /XDG_RUNTIME_DIR is not set/],
    ['--x11', {}, /DISPLAY is not set/],
    ['--audio', { XDG_RUNTIME_DIR: runtime }, /no sound server is there: neither .*pulse\/native nor .*pipewire-0/],
  ];
  if (isRoot) {
    const foreign = `${runtime}/foreign`;
    const listening = createServer();
    await new Promise<void>((resolve) => {
      listening.listen(foreign, resolve);
    });
    chmodSync(foreign, 0o777);
    t.after(() => listening.close());
    cases.push(['--ssh-agent', { SSH_AUTH_SOCK: foreign }, /foreign belongs to another user \(0\)/]);
  }
  for (const [words, env, message] of cases) {
    const { status, stderr } = await tryInside(account(), { cwd, env }, [words], 'true');
    assert.equal(status, 125, stderr);
    assert.match(stderr, message);
  }
});

const DRIVERS = readdirSync('/dev').filter((name) => /^(?:dri|kfd|nvidia.*)$/.test(name));

test('--gpu shows the devices of graphics processors, or says that there are none', ordinary, async (t) => {
  const cwd = workDirectory(t, account());
  const { status, stdout, stderr } = await tryInside(account(), { cwd }, ['--gpu'], 'ls /dev');
  if (status === 0) assert.ok(DRIVERS.some((name) => stdout.split('\n').includes(name)));
  else assert.match(stderr, /--gpu: no graphics processor is there: no \/dev\/dri, \/dev\/nvidia\* or \/dev\/kfd/);
});

test('--device shows a device that can be opened, and nothing that is none', ordinary, async (t) => {
  const cwd = workDirectory(t, account());
  const script =
    'stat -c %F /dev/nought; head -c 2 /dev/nought | od -An -tx1; echo x > /dev/nought && echo written; ls /dev/zero2 2>/dev/null';
  for (const words of [[], ['--profile', 'strict'], ['-u', 'root']]) {
    const { stdout } = await tryInside(account(), { cwd }, ['--device', '/dev/zero:/dev/nought:rw', ...words], script);
    assert.deepEqual(stdout.split('\n'), ['character special file', ' 00 00', 'written', ''], words.join(' '));
  }
  const { stderr } = await tryInside(account(), { cwd }, ['--device', '/etc/passwd'], 'true');
  assert.match(stderr, /--device: "\/etc\/passwd" is no device/);
});
