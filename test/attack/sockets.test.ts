/** Sockets of the host with a path or a name, and what stands behind them: agents, buses, displays, container engines. */
import { accessSync, constants, existsSync, mkdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { release } from 'node:os';
import { dirname } from 'node:path';
import type { TestContext } from 'node:test';
import { attacker, giveTo } from './attack.ts';
import { attackMatrix, type MatrixOptions, type Row } from './matrix.ts';

const PID = process.pid;
const isRoot = process.getuid?.() === 0;

/** A directory that is there, and not everyone's, is left out; one that is not there is made. */
function isWritable(directory: string): boolean {
  try {
    accessSync(directory, constants.W_OK);
    return true;
  } catch {
    return !existsSync(directory);
  }
}

/** Where each program has its own, with a name that no real one has. */
const PATHS = {
  'an ssh agent': `/tmp/ssh-attacked${PID}/agent.${PID}`,
  'a gpg agent': `${attacker().home}/.gnupg/S.attacked-${PID}`,
  ...(isWritable('/tmp/.X11-unix') ? { 'a display of X11': `/tmp/.X11-unix/X${PID}` } : {}),
  'a session of tmux': `/tmp/tmux-attacked${PID}/default`,
  'a control master of ssh': `${attacker().home}/.ssh/attacked-${PID}`,
  'a shared memory socket': `/dev/shm/attacked-${PID}`,
  ...(isRoot
    ? {
        'the session bus of D-Bus': `/run/user/${attacker().uid}/attacked-bus-${PID}`,
        'a display of Wayland': `/run/user/${attacker().uid}/attacked-wayland-${PID}`,
        'sound (PipeWire, PulseAudio)': `/run/user/${attacker().uid}/attacked-pulse-${PID}/native`,
        'the system bus of D-Bus': `/run/dbus/attacked-bus-${PID}`,
        'docker.sock': `/run/attacked-docker-${PID}.sock`,
        'podman.sock': `/run/podman/attacked-${PID}.sock`,
        'the journal': `/run/systemd/journal/attacked-${PID}`,
      }
    : {}),
} as const;

const NAMES = {
  'a display of X11, by its abstract name': `/tmp/.X11-unix/X${PID}`,
  'a session bus, by its abstract name': `/tmp/dbus-attacked${PID}`,
} as const;

const slug = (name: string): string => name.replaceAll(/\W/g, '_');

const connects = (address: string, more: Partial<Row> = {}): Row => ({
  attack: `use Socket; socket my $s, AF_UNIX, SOCK_STREAM, 0; connect($s, pack 'Sa*', AF_UNIX, ${address}) or return undef; my $b; sysread $s, $b, 20; $b`,
  control: 'outside',
  ...more,
});

async function listen(t: TestContext, path: string): Promise<string> {
  const server = createServer((socket) => void socket.on('error', () => {}).end('from the host'));
  if (path.startsWith('/')) {
    mkdirSync(dirname(path), { recursive: true });
    rmSync(path, { force: true });
  }
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(path, resolve));
  t.after(() => {
    server.close();
    const directory = dirname(path);
    if (/attacked/.test(directory)) rmSync(directory, { recursive: true, force: true });
  });
  if (path.startsWith('/')) giveTo(attacker(), path);
  return path;
}

const setUp: MatrixOptions['setUp'] = async (t) => {
  const values: Record<string, string> = {};
  for (const [name, path] of Object.entries(PATHS)) values[slug(name)] = await listen(t, path);
  for (const [name, path] of Object.entries(NAMES)) {
    await listen(t, `\0${path}`);
    values[slug(name)] = path;
  }
  return { values };
};

attackMatrix(
  'sockets with a path are not there',
  Object.fromEntries(Object.keys(PATHS).map((name) => [name, connects(`'{{${slug(name)}}}'`)])),
  { setUp },
);

attackMatrix(
  'abstract sockets are not there without a network',
  Object.fromEntries(Object.keys(NAMES).map((name) => [name, connects(`"\\0{{${slug(name)}}}"`)])),
  { setUp, words: ['--workspace', 'none', '--network', 'none'] },
);

/** Landlock's scopes are of Linux 6.12: before that `strict` keeps them away by its network namespace only. */
const [major = 0, minor = 0] = release().split('.').map(Number);
if (major > 6 || (major === 6 && minor >= 12))
  attackMatrix(
    'abstract sockets are out of reach of profile strict with the network of the host',
    Object.fromEntries(
      Object.keys(NAMES).map((name) => [name, connects(`"\\0{{${slug(name)}}}"`, { holds: 'strict' })]),
    ),
    { setUp, words: ['--workspace', 'none', '--network', 'host'] },
  );
