import { existsSync, readdirSync } from 'node:fs';
import { SESSION_PARTS, type SessionPart } from '../../config/config.ts';
import { decodeBytes, encodeBytes } from '../../linux/bytes.ts';
import type { Device, Secret, Tmpfs, Volume } from '../../plan/spec.ts';
import { UsageError } from '../arguments/usage-error.ts';
import { devicesOf } from './devices.ts';
import { readHostBytes } from './host-files.ts';
import { sessionSocket } from './session-socket.ts';
import type { Surroundings } from './surroundings.ts';
import { cookiesOf } from './x11-cookie.ts';

/** What it takes to show parts of the user's session inside. */
export interface SessionShown {
  readonly volumes: readonly Volume[];
  readonly tmpfs: readonly Tmpfs[];
  readonly devices: readonly Device[];
  readonly secrets: readonly Secret[];
  readonly variables: ReadonlyArray<readonly [name: string, value: string]>;
}

interface Asked {
  readonly uid: number;
  readonly environment: ReadonlyMap<string, string>;
  /** The home of the user inside. */
  readonly home: string;
}

/** Where sockets are inside. */
const PLACE = '/run/sandbox';
const NOTHING: SessionShown = { volumes: [], tmpfs: [], devices: [], secrets: [], variables: [] };

const PARTS: Readonly<Record<SessionPart, (asked: Asked) => SessionShown>> = {
  'ssh-agent': sshAgent,
  'gpg-agent': gpgAgent,
  dbus: sessionBus,
  wayland,
  x11,
  audio,
  gpu,
};

/** Looks up what is asked for of the session. Throws UsageError where it is not there, or not the user's. */
export function sessionOf(parts: ReadonlySet<SessionPart>, around: Surroundings, home: string): SessionShown {
  const { uid, environment } = around;
  const shown = SESSION_PARTS.filter((part) => parts.has(part)).map((part) => PARTS[part]({ uid, environment, home }));
  return {
    volumes: shown.flatMap(({ volumes }) => volumes),
    tmpfs: shown.flatMap(({ tmpfs }) => tmpfs),
    devices: shown.flatMap(({ devices }) => devices),
    secrets: shown.flatMap(({ secrets }) => secrets),
    variables: shown.flatMap(({ variables }) => variables),
  };
}

/** Read-only: whoever connects needs no more, and the socket's mode and owner stay as they are outside. */
function shownAt(source: string, destination: string): Volume {
  return { source, destination, access: 'ro' };
}

function sshAgent({ uid, environment }: Asked): SessionShown {
  const option = '--ssh-agent';
  const unsafePath = environment.get('SSH_AUTH_SOCK');
  if (!unsafePath) {
    throw new UsageError(`${option}: SSH_AUTH_SOCK is not set: no ssh-agent is known here`, {
      hint: 'start one: eval "$(ssh-agent)" && ssh-add',
    });
  }
  const path = sessionSocket({ option, what: 'the ssh-agent of SSH_AUTH_SOCK', unsafePath, uid });
  const place = `${PLACE}/ssh-agent`;
  return { ...NOTHING, volumes: [shownAt(path, place)], variables: [['SSH_AUTH_SOCK', place]] };
}

/** gpg-agent(1), --extra-socket: the one for others, which can use keys and not change or export them. */
function gpgAgent({ uid, environment, home }: Asked): SessionShown {
  const option = '--gpg-agent';
  const unsafePath = listDirectory('agent-extra-socket', environment);
  const hint = 'start it: gpgconf --launch gpg-agent';
  const path = sessionSocket({ option, what: 'the extra socket of the gpg-agent', unsafePath, uid, hint });
  const directory = `${home}/.gnupg`;
  // Without public keys gpg knows none of the agent's.
  const keys = ['pubring.kbx', 'trustdb.gpg']
    .map((name) => [`${listDirectory('homedir', environment)}/${name}`, `${directory}/${name}`] as const)
    .filter(([source]) => existsSync(encodeBytes(source)));
  return {
    ...NOTHING,
    tmpfs: [{ destination: directory, mode: 0o700 }],
    volumes: [shownAt(path, `${directory}/S.gpg-agent`), ...keys.map(([source, place]) => shownAt(source, place))],
  };
}

/** gpgconf(1), --list-dirs: names are percent-escaped. */
function listDirectory(name: string, environment: ReadonlyMap<string, string>): string {
  const { spawnSync } = process.getBuiltinModule('node:child_process');
  const env = Object.fromEntries(environment);
  const { stdout, status } = spawnSync('gpgconf', ['--list-dirs', name], { env, encoding: 'utf8', timeout: 10_000 });
  if (status === 0)
    return stdout.trimEnd().replace(/%([0-9a-f]{2})/gi, (_, hex) => String.fromCharCode(Number(`0x${hex}`)));
  throw new UsageError('--gpg-agent: gpgconf does not say where the agent is', { hint: 'is GnuPG installed?' });
}

/** The D-Bus specification, "Server Addresses". */
function sessionBus({ uid, environment }: Asked): SessionShown {
  const option = '--dbus';
  const runtime = environment.get('XDG_RUNTIME_DIR');
  const address = environment.get('DBUS_SESSION_BUS_ADDRESS') || (runtime && `unix:path=${runtime}/bus`);
  if (!address) throw new UsageError(`${option}: there is no session bus: DBUS_SESSION_BUS_ADDRESS is not set`);
  const [, escaped] = /(?:^|;)unix:(?:[^;]*,)?path=([^,;]*)/.exec(address) ?? [];
  if (escaped === undefined) {
    throw new UsageError(`${option}: the session bus has no socket with a path: ${address}`, {
      hint: 'an abstract socket can be reached with --network host, and with no other network',
    });
  }
  const unsafePath = escaped.replace(/%([0-9a-f]{2})/gi, (_, hex) => String.fromCharCode(Number(`0x${hex}`)));
  const path = sessionSocket({ option, what: 'the session bus', unsafePath, uid });
  const place = `${PLACE}/bus`;
  return {
    ...NOTHING,
    volumes: [shownAt(path, place)],
    variables: [['DBUS_SESSION_BUS_ADDRESS', `unix:path=${place}`]],
  };
}

function runtimeDirectory(option: string, environment: ReadonlyMap<string, string>): string {
  const path = environment.get('XDG_RUNTIME_DIR');
  if (path?.startsWith('/')) return path;
  throw new UsageError(`${option}: XDG_RUNTIME_DIR is not set: this is no desktop's session`);
}

/** wl_display_connect(3): the display may be a path. */
function wayland({ uid, environment }: Asked): SessionShown {
  const option = '--wayland';
  const display = environment.get('WAYLAND_DISPLAY');
  if (!display) throw new UsageError(`${option}: WAYLAND_DISPLAY is not set: no Wayland desktop is known here`);
  const unsafePath = display.startsWith('/') ? display : `${runtimeDirectory(option, environment)}/${display}`;
  const path = sessionSocket({ option, what: 'the Wayland display', unsafePath, uid });
  const place = `${PLACE}/wayland`;
  return { ...NOTHING, volumes: [shownAt(path, place)], variables: [['WAYLAND_DISPLAY', place]] };
}

/** X(7), "Display Names"; Xsecurity(7) for the cookie. */
function x11({ uid, environment }: Asked): SessionShown {
  const option = '--x11';
  const display = environment.get('DISPLAY');
  if (!display) throw new UsageError(`${option}: DISPLAY is not set: no X display is known here`);
  const [, number] = /^(?:unix)?:(\d{1,5})(?:\.\d+)?$/.exec(display) ?? [];
  if (number === undefined) {
    throw new UsageError(`${option}: the display ${display} is not on this machine`, {
      hint: 'one that is reached over TCP needs --network host, -e DISPLAY and -e XAUTHORITY with its file as a volume',
    });
  }
  const unsafePath = `/tmp/.X11-unix/X${number}`;
  const path = sessionSocket({ option, what: `the X display :${number}`, unsafePath, uid, orRoot: true });
  const cookie = cookieFile(option, number, environment);
  return {
    ...NOTHING,
    volumes: [shownAt(path, unsafePath)],
    secrets: cookie === undefined ? [] : [{ name: 'Xauthority', content: decodeBytes(cookie) }],
    variables: [
      ['DISPLAY', `:${number}`],
      ...(cookie === undefined ? [] : [['XAUTHORITY', '/run/secrets/Xauthority'] as const]),
    ],
  };
}

const MOST_COOKIES = 64 * 1024;

/** A display may let its user's account in without a cookie, so none is no error. */
function cookieFile(option: string, display: string, environment: ReadonlyMap<string, string>): Buffer | undefined {
  const path = environment.get('XAUTHORITY') || `${environment.get('HOME') ?? ''}/.Xauthority`;
  if (!path.startsWith('/') || !existsSync(encodeBytes(path))) return undefined;
  const file = readHostBytes(option, path, MOST_COOKIES, () => '/');
  return file && cookiesOf(file, display);
}

/** pulseaudio(1), PULSE_SERVER; pipewire(1), PIPEWIRE_RUNTIME_DIR. */
function audio({ uid, environment }: Asked): SessionShown {
  const option = '--audio';
  const runtime = runtimeDirectory(option, environment);
  const pulse = environment.get('PULSE_SERVER')?.replace(/^unix:/, '') || `${runtime}/pulse/native`;
  const pipewire = `${runtime}/pipewire-0`;
  const isThere = (path: string): boolean => path.startsWith('/') && existsSync(encodeBytes(path));
  const volumes: Volume[] = [];
  const variables: Array<readonly [string, string]> = [];
  if (isThere(pulse)) {
    const path = sessionSocket({ option, what: 'the PulseAudio server', unsafePath: pulse, uid });
    volumes.push(shownAt(path, `${PLACE}/pulse`));
    variables.push(['PULSE_SERVER', `unix:${PLACE}/pulse`]);
  }
  if (isThere(pipewire)) {
    const path = sessionSocket({ option, what: 'the PipeWire server', unsafePath: pipewire, uid });
    volumes.push(shownAt(path, `${PLACE}/pipewire-0`));
    variables.push(['PIPEWIRE_RUNTIME_DIR', PLACE]);
  }
  if (volumes.length > 0) return { ...NOTHING, volumes, variables };
  throw new UsageError(`${option}: no sound server is there: neither ${pulse} nor ${pipewire}`);
}

/** DRM devices, and those of the vendors' own drivers. */
function gpu(): SessionShown {
  const option = '--gpu';
  const names = readdirSync('/dev').filter((name) => /^(?:dri|kfd|nvidia.*)$/.test(name));
  const devices = names.flatMap((name) => {
    const path = `/dev/${name}`;
    // /dev/nvidia-caps and an empty /dev/dri are directories.
    try {
      return devicesOf(option, [{ unsafeSource: path, destination: path }]);
    } catch (error) {
      if (error instanceof UsageError) return [];
      throw error;
    }
  });
  if (devices.length > 0) return { ...NOTHING, devices };
  throw new UsageError(`${option}: no graphics processor is there: no /dev/dri, /dev/nvidia* or /dev/kfd`);
}
