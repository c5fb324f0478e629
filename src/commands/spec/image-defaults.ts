import { ImageError } from '../../image/error.ts';
import type { RunDefaults } from '../../image/model.ts';
import { SIGNAL, signalNumber } from '../../linux/constants/signal.ts';
import { quoted, UsageError } from '../arguments/usage-error.ts';

/*
 * What an image says about its commands, and what the command line says instead: OCI image spec, config.md and conversion.md;
 * podman-run(1).
 */

export const NO_DEFAULTS: RunDefaults = {
  entrypoint: [],
  cmd: [],
  env: [],
  volumes: [],
  exposedPorts: [],
  labels: {},
};

/** (uid_t) -1 means "no id" to the kernel: chown(2), setresuid(2). */
const LARGEST_ID = 0xffff_fffe;

/** Real-time signals as libc counts them: signal(7). */
const FIRST_REAL_TIME = 34;
const LAST_REAL_TIME = 64;

interface CommandParts {
  /** Of `--entrypoint`; undefined: the image's. */
  readonly entrypoint: readonly string[] | undefined;
  /** Typed after the image; undefined or empty: the image's Cmd. */
  readonly given: readonly string[] | undefined;
}

/**
 * Gives program and arguments: the entrypoint, and after it what was given, else the image's Cmd. An entrypoint of the command
 * line's own does not get the Cmd, which was written for the image's. Throws UsageError where nothing is left.
 */
export function imageCommand(defaults: RunDefaults, { entrypoint, given }: CommandParts): readonly string[] {
  const words = given?.length ? given : entrypoint === undefined ? defaults.cmd : [];
  const command = [...(entrypoint ?? defaults.entrypoint), ...words];
  if (command.length === 0) {
    throw new UsageError('no command given, and the image names none', { hint: 'write it after the image' });
  }
  if (command[0] === '') throw new UsageError('expected a command, got ""');
  return command;
}

/** Gives the directory that the image's commands start in; undefined where it does not matter to them. */
export function imageDirectory({ workingDir }: RunDefaults): string | undefined {
  if (workingDir === undefined) return undefined;
  const names: string[] = [];
  for (const name of workingDir.split('/')) {
    if (name === '..') names.pop();
    else if (name !== '' && name !== '.') names.push(name);
  }
  // Builders write `/` where nobody chose a directory.
  return names.length === 0 ? undefined : `/${names.join('/')}`;
}

function idOf(text: string): number | undefined {
  return /^\d{1,10}$/.test(text) && Number(text) <= LARGEST_ID ? Number(text) : undefined;
}

/** The fields of the lines of passwd(5) or group(5). */
function fields(table: string): string[][] {
  return table.split('\n').map((line) => line.split(':'));
}

export interface ImageUser {
  readonly uid: number;
  readonly gid: number;
  /** Where the image names one. */
  readonly name?: string;
}

/**
 * Takes an image's `User` (`USER[:GROUP]`, names or numbers in either place), or what its project says instead, and gives the
 * numbers, looked up in the image's passwd and group files as runc does (moby/sys/user, GetExecUser): without a group it is the
 * user's own, 0 for a number that is not listed. Throws an ImageError.
 */
export function imageUser(
  unsafeUser: string,
  table: (name: 'passwd' | 'group') => string,
  from: 'image' | 'project' = 'image',
): ImageUser {
  const refuse = (why: string): ImageError =>
    from === 'image'
      ? new ImageError('INVALID', `the image says to run as ${quoted(unsafeUser)}: ${why}`, {
          hint: 'say who to be instead: --user root, or --user UID:GID',
        })
      : new ImageError('INVALID', `sandbox.toml says user = ${quoted(unsafeUser)}: ${why}`, {
          hint: 'name an account of the image: a step can add one, with useradd or adduser',
        });
  const its = from === 'image' ? 'its' : "the image's";
  const [user = '', group, ...more] = unsafeUser.split(':');
  if (more.length > 0 || group === '') throw refuse('that is not USER or USER:GROUP');
  const passwd = fields(table('passwd'));
  const byNumber = idOf(user === '' ? '0' : user);
  const line = passwd.find(([name, , uid]) => (byNumber === undefined ? name === user : uid === String(byNumber)));
  const uid = byNumber ?? idOf(line?.[2] ?? '');
  if (uid === undefined) throw refuse(`there is no such user in ${its} /etc/passwd`);
  const named = line?.[0] ? { name: line[0] } : {};
  if (group === undefined) return { uid, gid: idOf(line?.[3] ?? '') ?? 0, ...named };
  const gid = idOf(group) ?? idOf(fields(table('group')).find(([name]) => name === group)?.[2] ?? '');
  if (gid === undefined) throw refuse(`there is no such group in ${its} /etc/group`);
  return { uid, gid, ...named };
}

/** Takes an image's StopSignal, a name or a number, `SIGRTMIN+3` too; gives the number. Throws an ImageError. */
export function stopSignalOf(unsafeSignal: string): number {
  const match = /^(?:SIG)?RT(MIN|MAX)(?:([+-])(\d{1,2}))?$/i.exec(unsafeSignal);
  const offset = Number(match?.[3] ?? 0) * (match?.[2] === '-' ? -1 : 1);
  const base = match?.[1]?.toUpperCase() === 'MAX' ? LAST_REAL_TIME : FIRST_REAL_TIME;
  const number = match === null ? signalNumber(unsafeSignal) : base + offset;
  const exists = number !== undefined && (match === null || (number >= FIRST_REAL_TIME && number <= LAST_REAL_TIME));
  if (exists && number !== SIGNAL.SIGSTOP) return number;
  throw new ImageError(
    'INVALID',
    `the image wants to be stopped with ${quoted(unsafeSignal)}, which is no signal for that`,
    {
      hint: 'whoever published the image must publish it again; try another tag',
    },
  );
}
