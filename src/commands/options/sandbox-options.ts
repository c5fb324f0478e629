import { STORAGE_DRIVERS } from '../../plan/spec.ts';
import { flag, list, value } from '../arguments/option.ts';
import { oneOf } from './choice.ts';
import { parseVariable } from './environment.ts';
import { PULL_POLICIES, parseEntrypoint, parsePlatformText } from './image.ts';
import { limitOptions } from './limit-options.ts';
import { parseHostname } from './names.ts';
import { parseHostPath, parseInsidePath } from './path.ts';
import { securityOptions } from './security-options.ts';
import { parseTmpfs } from './tmpfs.ts';
import { parseUser } from './user.ts';
import { parseVolume } from './volume.ts';

export const NETWORKS = ['none', 'host'] as const;
export const WORKSPACES = ['rw', 'ro', 'cow', 'none'] as const;

/** The options that say which image is meant, and when its registry is asked. */
export const imageOptions = {
  platform: value(
    [['--platform'], 'OS/ARCH[/VARIANT]', "The image's platform, such as linux/arm64 (default: this machine's)"],
    parsePlatformText,
    { kind: 'words', words: ['linux/amd64', 'linux/arm64'] },
  ),
  quiet: flag(['-q', '--quiet'], 'Show no progress of downloads'),
} as const;

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
    [['-w', '--workdir'], 'DIR', "Directory inside to start in (default: the image's, or the workspace)"],
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
    [['--network'], 'none|host', "No network but loopback, or the host's own (default: host; with strict none)"],
    oneOf(NETWORKS),
    {
      kind: 'words',
      words: NETWORKS,
    },
  ),
  ...imageOptions,
  pull: value(
    [
      ['--pull'],
      'missing|always|never|newer',
      'Ask the registry if the image is not here (the default), always, never, or always unless it does not answer',
    ],
    oneOf(PULL_POLICIES),
    { kind: 'words', words: PULL_POLICIES },
  ),
  entrypoint: value(
    [
      ['--entrypoint'],
      'COMMAND',
      "Run this instead of the image's entrypoint; a JSON array for several words, '' for none",
    ],
    parseEntrypoint,
    { kind: 'nothing' },
  ),
  rootfs: value(
    [['--rootfs'], 'DIR', 'Use the root file system in a directory; what is changed stays out of it'],
    parseHostPath,
    {
      kind: 'directories',
    },
  ),
  storageDriver: value(
    [['--storage-driver'], 'DRIVER', 'How writes are kept apart: native, fuse-overlayfs or copy (default: what works)'],
    oneOf(STORAGE_DRIVERS),
    { kind: 'words', words: STORAGE_DRIVERS },
  ),
  workspace: value(
    [
      ['--workspace'],
      'rw|ro|cow|none',
      'How the current directory is seen inside (default: rw; of `try` cow); cow keeps changes in the sandbox',
    ],
    oneOf(WORKSPACES),
    { kind: 'words', words: WORKSPACES },
  ),
  ...securityOptions,
  ...limitOptions,
  tty: flag(['-t', '--tty'], 'Give the command a terminal of its own'),
  interactive: flag(['-i', '--interactive'], "Accepted for podman's users: standard input is always passed on"),
} as const;
