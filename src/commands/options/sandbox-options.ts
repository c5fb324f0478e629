import { flag, list, value } from '../arguments/option.ts';
import { oneOf } from './choice.ts';
import { parseVariable } from './environment.ts';
import { parseHostname } from './names.ts';
import { parseHostPath, parseInsidePath } from './path.ts';
import { parseTmpfs } from './tmpfs.ts';
import { parseUser } from './user.ts';
import { parseVolume } from './volume.ts';

export const NETWORKS = ['none', 'host'] as const;
export const WORKSPACES = ['rw', 'ro', 'cow', 'none'] as const;

/** The options that `run`, `shell` and `plan` share, named as podman-run(1) names them. */
export const sandboxOptions = {
  env: list(
    [['-e', '--env'], 'NAME[=VALUE]', "Set a variable; NAME alone takes the host's value, NAME* all that start so"],
    parseVariable,
    { kind: 'variables' },
  ),
  envFile: list([['--env-file'], 'FILE', 'Read variables from a file, a NAME=VALUE a line'], parseHostPath, {
    kind: 'files',
  }),
  workdir: value(
    [['-w', '--workdir'], 'DIR', 'Directory inside to start in (default: the workspace)'],
    parseInsidePath,
    {
      kind: 'directories',
    },
  ),
  user: value([['-u', '--user'], 'USER', 'User inside: UID[:GID] or NAME[:GROUP]'], parseUser, { kind: 'nothing' }),
  volume: list(
    [['-v', '--volume'], 'SRC:DST[:ro]', 'Show a file or directory of the host inside, read-only with :ro'],
    parseVolume,
    { kind: 'files' },
  ),
  tmpfs: list([['--tmpfs'], 'DST[:size=64m,mode=1777]', 'Mount an empty file system in memory'], parseTmpfs, {
    kind: 'nothing',
  }),
  hostname: value([['--hostname'], 'NAME', "Host name inside (default: the sandbox's name)"], parseHostname, {
    kind: 'nothing',
  }),
  readOnly: flag(['--read-only'], 'Refuse writes to the root file system'),
  network: value(
    [['--network'], 'none|host', "No network but loopback, or the host's own (the default)"],
    oneOf(NETWORKS),
    {
      kind: 'words',
      words: NETWORKS,
    },
  ),
  rootfs: value(
    [['--rootfs'], 'DIR', 'Use the root file system in a directory; what is changed stays out of it'],
    parseHostPath,
    {
      kind: 'directories',
    },
  ),
  workspace: value(
    [
      ['--workspace'],
      'rw|ro|cow|none',
      'How the current directory is seen inside (default: rw); cow keeps changes in the sandbox',
    ],
    oneOf(WORKSPACES),
    { kind: 'words', words: WORKSPACES },
  ),
  tty: flag(['-t', '--tty'], 'Give the command a terminal of its own'),
  interactive: flag(['-i', '--interactive'], "Accepted for podman's users: standard input is always passed on"),
} as const;
