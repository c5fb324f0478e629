import * as z from 'zod';
import { SESSION_PARTS } from '../../config/config.ts';
import { key } from './describe.ts';
import { limits } from './limits.ts';
import { step } from './step.ts';
import { CONTROL, caches, inside, line, list, matching, oneOf, port, text, user, variables } from './values.ts';

/** Goes into a script, so nothing that a shell or an option parser takes for something else; `nano-` would remove nano. */
const PACKAGE = /^[A-Za-z0-9@](?:[A-Za-z0-9@._+:~=/-]{0,126}[A-Za-z0-9._+~])?$/;
const PART = `[^:${CONTROL}]`;
const DEVICE = new RegExp(`^/${PART}*(?::/${PART}+)?(?::[rwm]{1,3})?$`);
/** The source starts with `/`, `~/`, or `.` (docker's named volumes do not exist); the destination is not the root. */
const VOLUME = new RegExp(`^(?:/|~/|\\.{1,2}(?=[/:]))${PART}*:/${PART}+(?::(?:rw|ro))?$`);
const SETTING = '(?:size=\\d+(?:\\.\\d+)?(?:[kmgtKMGT](?:i?[bB])?|b)?|mode=[0-7]{1,4})';
const TMPFS = new RegExp(`^/${PART}+(?::${SETTING}(?:,${SETTING})*)?$`);

/** What an environment can say: at the top of the file, and in `[env.NAME]`. */
export const environmentKeys = {
  description: key(line(500).optional(), {
    description: 'One line about it, for lists. Is not inherited.',
    examples: ['The shop, and its database'],
  }),
  image: key(matching(/^[A-Za-z0-9[][!-~]{0,511}$/, 'an image: "debian:bookworm", or "host"'), {
    description:
      "The image that the environment begins with, as after `sandbox run`; `sandbox.lock` says which one that was, exactly. Or `host`: the machine's own system, read-only or copied on write; it has no steps and packages, because it is another one on each machine.",
    examples: ['debian:bookworm', 'ghcr.io/acme/base:2', 'host'],
  }),
  packages: key(
    list(matching(PACKAGE, "a package's name, such as nodejs, or curl=8.5"), 'a list: ["nodejs"]').optional(),
    {
      description:
        "Packages that the image's own manager installs (apt-get, apk, dnf, zypper or pacman, whichever is there), as a step called `packages` before all others, with network. With `extends` these are installed in a further step, so that the parent's layers are shared.",
      default: [],
      examples: [['nodejs', 'npm']],
    },
  ),
  workdir: key(inside().optional(), {
    description: 'Directory inside in which commands start.',
    defaultText: 'where you stand in the project, else the project',
    examples: ['/app'],
  }),
  user: key(user().optional(), {
    description:
      "User inside. `NAME[:GROUP]` is an account of the image, in place of the image's own user: its files inside are its own, and the project belongs to root. `UID[:GID]` is you under that number, as after `--user`: the project is yours, and what the image has belongs to others. With `host` a name is you, too. Steps are always run as root.",
    defaultText: "the image's",
    examples: ['1000', 'node'],
  }),
  workspace: key(oneOf(['rw', 'ro', 'cow']).optional(), {
    description:
      'How the project is seen inside: to be written to, read-only, or copied on write, with the changes kept in the sandbox.',
    default: 'rw',
  }),
  'pass-env': key(
    list(
      matching(/^[A-Za-z_][A-Za-z0-9_]*\*?$/, 'NAME, or NAME* for all that start so; a value is set in [env]'),
      'a list: ["TERM", "LC_*"]',
    ).optional(),
    {
      description:
        'Variables of the host that are passed on: names, or `NAME*` for all that start so. One that is not set is left out. Takes trust.',
      default: [],
      examples: [['TERM', 'LC_*']],
    },
  ),
  volumes: key(
    list(
      matching(VOLUME, 'SOURCE:DESTINATION or SOURCE:DESTINATION:ro, the source with ./, / or ~/ first'),
      'a list: ["./data:/data"]',
    ).optional(),
    {
      description:
        'Files and directories of the host that are shown inside: `SOURCE:DESTINATION[:ro]`. The source starts with `./` (from the project on), `/` or `~/`; one outside of the project takes trust. There are no named volumes. With `extends`, one for the same destination replaces that of the parent.',
      default: [],
      examples: [['./data:/data', '~/.m2:/root/.m2:ro']],
    },
  ),
  tmpfs: key(list(matching(TMPFS, '/DIRECTORY[:size=64m,mode=1777]'), 'a list: ["/scratch:size=64m"]').optional(), {
    description: 'Empty file systems in memory: `/DIRECTORY[:size=64m,mode=1777]`.',
    default: [],
    examples: [['/scratch:size=64m']],
  }),
  ports: key(list(port(), 'a list of numbers: [5432]').optional(), {
    description:
      'TCP ports that are listened on in here; `sandbox up` looks whether they are free. They are not mapped: with the network `host` they are those of the machine.',
    default: [],
    examples: [[5432]],
  }),
  network: key(oneOf(['none', 'host']).optional(), {
    description: "`host`: the machine's network; `none`: loopback only. Steps have their own key for that.",
    defaultText: '`host`; with the profile `strict` `none`',
    examples: ['none'],
  }),
  profile: key(
    matching(/^[a-z][a-z0-9_-]{0,31}$/, 'the name of a profile: dev, strict, or one of config.toml').optional(),
    {
      description: 'How closely commands are held: `dev`, `strict`, or a profile of your `config.toml`.',
      defaultText: '`dev`',
      examples: ['strict'],
    },
  ),
  limits: key(limits.optional(), {
    description:
      'What a sandbox may use of the machine, by the names of the options of `sandbox run`; numbers or text.',
    default: {},
    examples: [{ memory: '2g', cpus: 2, 'pids-limit': 512, timeout: 600 }],
  }),
  secrets: key(
    list(
      matching(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,62}(?:=(?!env:$).+)?$/, 'NAME, NAME=FILE or NAME=env:VARIABLE'),
      'a list: ["NPM_TOKEN"]',
    ).optional(),
    {
      description:
        "Secrets that are files in `/run/secrets`, as after `--secret`: `NAME` (the variable of that name), `NAME=FILE` (relative to the project, absolute, or below `~/`) or `NAME=env:VARIABLE`. A file of the project has to lie in it: a link that leads out is refused. Never the secret itself: sandbox.toml is everybody's. Takes trust.",
      default: [],
      examples: [['NPM_TOKEN', 'key=./key.txt']],
    },
  ),
  session: key(list(oneOf(SESSION_PARTS), 'a list: ["ssh-agent"]').optional(), {
    description: `Parts of your session that are shown inside: ${SESSION_PARTS.map((part) => `\`${part}\``).join(', ')}. Takes trust.`,
    default: [],
    examples: [['ssh-agent', 'wayland']],
  }),
  devices: key(list(matching(DEVICE, 'SOURCE[:DESTINATION] such as /dev/fuse'), 'a list: ["/dev/fuse"]').optional(), {
    description: 'Devices of the host that are shown inside, as after `--device`. Takes trust.',
    default: [],
    examples: [['/dev/fuse']],
  }),
  cache: key(caches().optional(), {
    description:
      'Directories that outlive sandboxes: of a package manager that is known by name (`apt`, `cargo`, `go`, `npm`, `pip`), or any absolute path inside. Projects that you trust share those with a name. Steps have their own `cache`; but `apt` here is also that of the step `packages`.',
    default: [],
    examples: [['npm', 'apt', '/var/cache/mine']],
  }),
  shims: key(
    list(
      matching(/^[A-Za-z0-9_][A-Za-z0-9._+-]{0,63}$/, "a program's name without a path"),
      'a list: ["node"]',
    ).optional(),
    {
      description:
        'Programs of the environment that get a shim in `.sandbox/bin`; `sandbox shim` writes them. Of a program that several environments list, the first one gets it, `default` before all others.',
      default: [],
      examples: [['node', 'npm']],
    },
  ),
  steps: key(list(step, 'tables: [[steps]]').optional(), {
    description: 'Setup steps in their order, each a table `[[steps]]`; below.',
    default: [],
  }),
};

/** Keys of `[env.NAME]` besides. */
const namedKeys = {
  image: key(environmentKeys.image.clone().optional(), {
    description: 'As at the top of the file. Has to be given where nothing is extended.',
    defaultText: 'that of the environment that is extended',
    examples: ['node:22'],
  }),
  extends: key(text().optional(), {
    description:
      "The environment that this one begins with; `default` is the one at the top of the file. Nothing is inherited without. Lists add up, the parent's first, so that its layers are shared; tables (`env`, `limits`) merge; anything else is replaced.",
    examples: ['default'],
  }),
  env: key(variables().optional(), {
    description: 'Variables of this environment.',
    default: {},
    examples: [{ NODE_ENV: 'test' }],
  }),
};

const NAMED = { error: 'a table: [env.NAME]' };
export const namedEnvironment = z.strictObject({ ...environmentKeys, ...namedKeys }, NAMED);

/** What sandbox.local.toml may say of an environment: nothing that makes other layers. */
const { steps: _steps, packages: _packages, image: _image, ...localKeys } = environmentKeys;
export const localEnvironmentKeys = { ...localKeys, image: namedKeys.image };
export const localNamedEnvironment = z.strictObject({ ...localKeys, ...namedKeys }, NAMED);
