import { FCNTL } from '../../linux/constants/descriptor.ts';
import {
  LANDLOCK,
  LANDLOCK_ACCESS_FS,
  LANDLOCK_ACCESS_NET,
  LANDLOCK_NETWORK,
  LANDLOCK_SCOPE,
  LANDLOCK_VERSIONS,
} from '../../linux/constants/landlock.ts';
import { failedWith, flags, type Label, type Named, type Pointer, type Slot } from '../argument.ts';
import type { ProgramBuilder } from '../builder.ts';
import type { LandlockRules, SetupOp } from '../operations.ts';
import { close, HERE, type Lowering, openFlags } from './context.ts';

const RIGHTS = LANDLOCK_ACCESS_FS;
type Right = keyof typeof RIGHTS;

const right = (name: Right): Right => name;
const DEVICE_REQUESTS = right('LANDLOCK_ACCESS_FS_IOCTL_DEV');
/** What a file that is no directory can be granted; the kernel refuses the rest there. */
const OF_FILES = [
  right('LANDLOCK_ACCESS_FS_EXECUTE'),
  right('LANDLOCK_ACCESS_FS_WRITE_FILE'),
  right('LANDLOCK_ACCESS_FS_READ_FILE'),
  right('LANDLOCK_ACCESS_FS_TRUNCATE'),
  DEVICE_REQUESTS,
];
const NEVER = new Set<Right>(['LANDLOCK_ACCESS_FS_MAKE_CHAR', 'LANDLOCK_ACCESS_FS_MAKE_BLOCK']);
/** Nobody makes devices: a node would be one of the host's. */
const WITH_DEVICES = (Object.keys(RIGHTS) as Right[]).filter((name) => !NEVER.has(name));
const GRANTED: Readonly<Record<LandlockRules['paths'][number]['access'], readonly Right[]>> = {
  all: WITH_DEVICES.filter((name) => name !== DEVICE_REQUESTS),
  devices: WITH_DEVICES,
  read: [
    right('LANDLOCK_ACCESS_FS_EXECUTE'),
    right('LANDLOCK_ACCESS_FS_READ_FILE'),
    right('LANDLOCK_ACCESS_FS_READ_DIR'),
  ],
};

/** By O_ACCMODE of a stream: read, write, both. A terminal among them knows requests of its own. */
const OF_STREAMS: ReadonlyArray<readonly Right[]> = [
  [right('LANDLOCK_ACCESS_FS_READ_FILE'), DEVICE_REQUESTS],
  [right('LANDLOCK_ACCESS_FS_WRITE_FILE'), right('LANDLOCK_ACCESS_FS_TRUNCATE'), DEVICE_REQUESTS],
  [
    right('LANDLOCK_ACCESS_FS_READ_FILE'),
    right('LANDLOCK_ACCESS_FS_WRITE_FILE'),
    right('LANDLOCK_ACCESS_FS_TRUNCATE'),
    DEVICE_REQUESTS,
  ],
];
const ACCESS_MODE = 3;

/** A ruleset while it is made: rights that this kernel knows, its descriptor, and room for a rule. */
interface Ruleset {
  readonly known: Slot;
  readonly descriptor: Slot;
  readonly rule: Pointer;
}

const named = (names: readonly Right[]): Named => flags(RIGHTS, ...names);

/**
 * landlock(7), as much of it as the kernel has: what it knows is asked at run time, since a launcher in a file outlives
 * kernels. Without Landlock nothing happens, unless there are rules for ports: they were asked for by the user, and no
 * sandbox is to start without them (EOPNOTSUPP). Needs no_new_privs.
 */
export function landlock({ builder }: Lowering, { rules }: Extract<SetupOp, { op: 'landlock' }>): void {
  const forNetwork = rules.connectTcp !== undefined || rules.bindTcp !== undefined;
  const abi = builder.scratch('Landlock version');
  const none = builder.label('no Landlock');
  const tooOld = builder.label('no rules for ports');
  const done = builder.label('Landlock done');
  const version = flags(LANDLOCK, 'LANDLOCK_CREATE_RULESET_VERSION');
  builder.syscall('landlock_create_ruleset', [0, 0, version], { result: abi, onError: forNetwork ? tooOld : none });
  if (forNetwork) builder.branch(abi, 'less', LANDLOCK_NETWORK.abi, tooOld);

  const ruleset = createRuleset(builder, abi, rules);
  for (const { path, access } of rules.paths) allowPath(builder, ruleset, path, GRANTED[access]);
  if (rules.paths.length > 0) for (const stream of [0, 1, 2]) allowStream(builder, ruleset, stream);
  for (const [access, port] of portRights(rules)) {
    const rule = builder.words([access.value, port], `{${access.text}, port=${port}}`);
    const type = flags(LANDLOCK, 'LANDLOCK_RULE_NET_PORT');
    builder.syscall('landlock_add_rule', [ruleset.descriptor, type, rule, 0]);
  }
  builder.syscall('landlock_restrict_self', [ruleset.descriptor, 0]);
  close(builder, ruleset.descriptor);
  builder.jump(done);

  builder.place(tooOld);
  if (forNetwork) {
    builder.move(builder.outcome, failedWith('EOPNOTSUPP'));
    builder.jump(builder.onFailure);
  }
  builder.place(none);
  builder.place(done);
}

/** landlock_create_ruleset(2) with the attributes that this kernel's version takes: a bit that it lacks is EINVAL. */
function createRuleset(builder: ProgramBuilder, abi: Slot, rules: LandlockRules): Ruleset {
  const known = builder.scratch('known rights');
  const size = builder.scratch('size of the attributes');
  const descriptor = builder.scratch('ruleset');
  const ready = builder.label('attributes are ready');
  const network: Array<keyof typeof LANDLOCK_ACCESS_NET> = [];
  if (rules.bindTcp !== undefined) network.push('LANDLOCK_ACCESS_NET_BIND_TCP');
  if (rules.connectTcp !== undefined) network.push('LANDLOCK_ACCESS_NET_CONNECT_TCP');
  const net = flags(LANDLOCK_ACCESS_NET, ...network);
  const scoped = rules.scoped
    ? flags(LANDLOCK_SCOPE, 'LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET', 'LANDLOCK_SCOPE_SIGNAL')
    : flags(LANDLOCK_SCOPE);
  const attributes = builder.writableWords(
    [0, net.value, scoped.value],
    `&{handled_access_fs=${rules.paths.length > 0 ? known.name : 0}, handled_access_net=${net.text}, scoped=${scoped.text}}`,
  );
  for (const { abi: version, files, size: bytes } of LANDLOCK_VERSIONS) {
    if (version > 1) builder.branch(abi, 'less', version, ready);
    builder.move(known, files);
    builder.move(size, bytes);
  }
  builder.place(ready);
  // Without paths files are not its business, and nothing but ports is.
  if (rules.paths.length > 0) builder.store(64, attributes, 0, known);
  builder.syscall('landlock_create_ruleset', [attributes, size, 0], { result: descriptor });
  // struct landlock_path_beneath_attr is packed: 64 bits of rights, 32 of the descriptor.
  return { known, descriptor, rule: builder.buffer(16, '&{allowed_access, parent_fd}') };
}

/** landlock_add_rule(2) for what a descriptor means, of these rights those that the kernel knows. */
function addRule(
  builder: ProgramBuilder,
  { known, descriptor, rule }: Ruleset,
  rights: Named,
  place: Slot | number,
  onError?: Label | 'ignore',
): void {
  const allowed = builder.scratch('allowed');
  builder.compute(allowed, 'and', known, rights);
  builder.store(64, rule, 0, allowed);
  builder.store(32, rule, 8, place);
  const type = flags(LANDLOCK, 'LANDLOCK_RULE_PATH_BENEATH');
  const text = {
    ...rule,
    text: `&{${rights.text} & ${known.name}, ${typeof place === 'number' ? place : place.name}}`,
  };
  builder.syscall('landlock_add_rule', [descriptor, type, text, 0], onError === undefined ? {} : { onError });
}

function allowPath(builder: ProgramBuilder, ruleset: Ruleset, path: string, rights: readonly Right[]): void {
  const place = builder.scratch('beneath');
  const missing = builder.label('path is missing');
  const isFile = builder.label('path is no directory');
  const added = builder.label('rule added');
  builder.syscall('openat', [HERE, builder.string(path), openFlags(builder, 'O_PATH'), 0], {
    result: place,
    onError: missing,
  });
  addRule(builder, ruleset, named(rights), place, isFile);
  builder.jump(added);
  builder.place(isFile);
  builder.branch(builder.outcome, 'notEqual', failedWith('EINVAL'), builder.onFailure);
  addRule(builder, ruleset, named(rights.filter((name) => OF_FILES.includes(name))), place);
  builder.place(added);
  close(builder, place);
  builder.place(missing);
}

/**
 * A file of the host that the user made a stream of (`< input`, `> output`) lies beneath no path of the sandbox. It may
 * be opened again as /dev/stdin or /dev/stdout, just for what it is open for: `< ~/.bashrc` is not to be written to. Pipes
 * and sockets need no rule, and take none (EBADFD).
 */
function allowStream(builder: ProgramBuilder, ruleset: Ruleset, stream: number): void {
  const mode = builder.scratch('access mode');
  const next = builder.label('next stream');
  builder.syscall('fcntl', [stream, flags(FCNTL, 'F_GETFL'), 0], { result: mode, onError: next });
  builder.compute(mode, 'and', mode, ACCESS_MODE);
  OF_STREAMS.forEach((rights, value) => {
    const other = builder.label('another mode');
    builder.branch(mode, 'notEqual', value, other);
    addRule(builder, ruleset, named(rights), stream, 'ignore');
    builder.jump(next);
    builder.place(other);
  });
  builder.place(next);
}

/** A rule a port, with both rights where both are granted. */
function portRights({ connectTcp = [], bindTcp = [] }: LandlockRules): ReadonlyArray<readonly [Named, number]> {
  return [...new Set([...connectTcp, ...bindTcp])].map((port) => {
    const names: Array<keyof typeof LANDLOCK_ACCESS_NET> = [];
    if (bindTcp.includes(port)) names.push('LANDLOCK_ACCESS_NET_BIND_TCP');
    if (connectTcp.includes(port)) names.push('LANDLOCK_ACCESS_NET_CONNECT_TCP');
    return [flags(LANDLOCK_ACCESS_NET, ...names), port] as const;
  });
}
