import { POLL } from '../../linux/constants/descriptor.ts';
import { CLONE, PRCTL } from '../../linux/constants/process.ts';
import { SIGNAL } from '../../linux/constants/signal.ts';
import { flags, type Named, type Slot } from '../argument.ts';
import type { ProgramBuilder } from '../builder.ts';
import type { IdMapEntry, IdMapping, NamespaceKind, SetupOp } from '../operations.ts';
import { close, HERE, type Lowering, openFlags, writeAll } from './context.ts';
import { cloneIntoGroup, ownGroupNamespace } from './control-group.ts';
import { type Digits, decimal, parseDecimal } from './decimal.ts';
import { joinGuests } from './linger.ts';
import type { Phases } from './phases.ts';
import { forbidUserNamespacesInside } from './restrictions.ts';

type Operation<Name extends SetupOp['op']> = Extract<SetupOp, { op: Name }>;

const FLAG = {
  user: 'CLONE_NEWUSER',
  mount: 'CLONE_NEWNS',
  pid: 'CLONE_NEWPID',
  ipc: 'CLONE_NEWIPC',
  uts: 'CLONE_NEWUTS',
  cgroup: 'CLONE_NEWCGROUP',
  network: 'CLONE_NEWNET',
} as const satisfies Record<NamespaceKind, keyof typeof CLONE>;

const namespaceFlags = (namespaces: readonly NamespaceKind[]): Named =>
  flags(CLONE, ...namespaces.map((kind) => FLAG[kind]));

/** clone(2)'s flags: the namespaces, and SIGCHLD for the parent at the end. */
function cloneFlags(namespaces: readonly NamespaceKind[]): Named {
  const named = namespaceFlags(namespaces);
  return {
    kind: 'named',
    value: named.value | SIGNAL.SIGCHLD,
    text: namespaces.length ? `${named.text}|SIGCHLD` : 'SIGCHLD',
  };
}

/** fork(2) as the kernel sees it, without any memory shared. */
export function fork(builder: ProgramBuilder, result: Slot, namespaces: readonly NamespaceKind[] = []): void {
  builder.syscall('clone', [cloneFlags(namespaces), 0, 0, 0, 0], { result });
}

/** The first process ends; its child goes on as the monitor. */
export function detach({ builder, self }: Lowering): void {
  const child = builder.scratch('detached');
  const goOn = builder.label('go on by itself');
  fork(builder, child);
  builder.branch(child, 'equal', 0, goOn);
  builder.syscall('exit_group', [0], { onError: 'ignore' });
  builder.place(goOn);
  builder.syscall('getpid', [], { result: self });
}

/** Opens a pipe whose ends close on execve. */
export function pipe(builder: ProgramBuilder, read: Slot, write: Slot): void {
  const ends = builder.buffer(8, `&[${read.name}, ${write.name}]`);
  builder.syscall('pipe2', [ends, openFlags(builder)]);
  builder.load(read, 32, ends, 0);
  builder.load(write, 32, ends, 4);
}

/**
 * Creates init in new namespaces. In init the program goes on behind this operation; the monitor continues at
 * `afterCreation`, with the identity mapped where helpers do that.
 */
export function createNamespaces(
  lowering: Lowering,
  { namespaces, ids }: Operation<'createNamespaces'>,
  { grouped }: Phases,
): void {
  const { builder } = lowering;
  pipe(builder, lowering.statusRead, lowering.statusWrite);
  const go = { read: builder.slot('go[0]', -1n), write: builder.slot('go[1]', -1n) };
  if (ids.kind === 'helpers') pipe(builder, go.read, go.write);
  const init = builder.label('init');
  if (grouped) cloneIntoGroup(lowering, namespaceFlags(namespaces.filter((kind) => kind !== 'cgroup')));
  else fork(builder, lowering.child, namespaces);
  builder.branch(lowering.child, 'equal', 0, init);
  close(builder, lowering.statusWrite);
  const digits = decimal(builder, lowering.child);
  openUserNamespace(lowering, digits);
  if (ids.kind === 'helpers') {
    runHelpers(lowering, ids, digits);
    builder.syscall('write', [go.write, builder.string('.'), 1]);
    close(builder, go.write);
    close(builder, go.read);
  }
  builder.jump(lowering.afterCreation);

  builder.place(init);
  builder.onFailure = lowering.childFailure;
  close(builder, lowering.statusRead);
  if (ids.kind === 'single') mapOwnIds(builder, ids.uid, ids.gid);
  else waitForMapping(lowering, go);
  if (grouped) ownGroupNamespace(lowering);
}

/** Kept open by the monitor: with it, it may remove files of subordinate ids when the sandbox is gone. */
function openUserNamespace(lowering: Lowering, digits: Digits): void {
  const { builder } = lowering;
  const directory = builder.scratch('proc directory');
  const done = builder.label('user namespace opened');
  const path = builder.string('ns/user');
  const process = builder.scratch('process directory');
  builder.syscall('openat', [HERE, builder.string('/proc'), openFlags(builder, 'O_PATH', 'O_DIRECTORY'), 0], {
    result: directory,
    onError: done,
  });
  builder.syscall('openat', [directory, digits.start, openFlags(builder, 'O_PATH', 'O_DIRECTORY'), 0], {
    result: process,
    onError: done,
  });
  builder.syscall('openat', [process, path, openFlags(builder, 'O_RDONLY'), 0], {
    result: lowering.userNamespace,
    onError: 'ignore',
  });
  close(builder, process);
  close(builder, directory);
  builder.place(done);
}

const mapLine = ({ inside, outside, count }: IdMapEntry): string => `${inside} ${outside} ${count}`;

/**
 * Maps the one id that an ordinary process may map itself; user_namespaces(7). The group map is only taken once
 * setgroups(2) is given up, which would otherwise shed a group that denies access.
 */
export function mapOwnIds(builder: ProgramBuilder, uid: IdMapEntry, gid: IdMapEntry): void {
  const file = builder.scratch('map');
  for (const [name, content] of [
    ['setgroups', 'deny'],
    ['uid_map', mapLine(uid)],
    ['gid_map', mapLine(gid)],
  ] as const) {
    builder.syscall('openat', [HERE, builder.string(`/proc/self/${name}`), openFlags(builder, 'O_WRONLY'), 0], {
      result: file,
    });
    writeAll(builder, file, Buffer.from(content), JSON.stringify(content));
    close(builder, file);
  }
}

/** Init waits until the monitor's helpers have mapped its ids; a monitor that died meanwhile ends it too. */
function waitForMapping(lowering: Lowering, go: { read: Slot; write: Slot }): void {
  const { builder } = lowering;
  const mapped = builder.label('ids are mapped');
  close(builder, go.write);
  builder.syscall('read', [go.read, builder.buffer(8, '&byte'), 1]);
  builder.branch(builder.outcome, 'equal', 1, mapped);
  builder.syscall('exit_group', [125]);
  builder.place(mapped);
  close(builder, go.read);
}

/** newuidmap(1) and newgidmap(1), side by side. */
function runHelpers(lowering: Lowering, ids: Extract<IdMapping, { kind: 'helpers' }>, digits: Digits): void {
  const { builder } = lowering;
  const helpers = [
    { program: ids.newuidmap, map: ids.uids, pid: builder.slot('newuidmap') },
    { program: ids.newgidmap, map: ids.gids, pid: builder.slot('newgidmap') },
  ];
  const nothing = builder.words([0], '[]');
  for (const { program, map, pid } of helpers) {
    const next = builder.label('next helper');
    const name = program.slice(program.lastIndexOf('/') + 1);
    const numbers = map.flatMap(({ inside, outside, count }) =>
      [inside, outside, count].map((n) => builder.string(String(n))),
    );
    const argv = builder.writableWords(
      [builder.string(name), 0, ...numbers, 0],
      JSON.stringify([name, 'PID', ...map.map(mapLine)]),
    );
    builder.store(64, argv, 8, digits.start);
    fork(builder, pid);
    builder.branch(pid, 'notEqual', 0, next);
    builder.syscall('execve', [builder.string(program), argv, nothing], { onError: 'ignore' });
    builder.syscall('exit_group', [127]);
    builder.place(next);
  }
  const status = builder.buffer(8, '&status');
  const word = builder.scratch('helper status');
  for (const { pid } of helpers) {
    const well = builder.label('helper ended well');
    builder.syscall('wait4', [pid, status, 0, 0]);
    builder.load(word, 32, status, 0);
    builder.branch(word, 'equal', 0, well);
    builder.move(builder.outcome, -HELPER_FAILED);
    builder.jump(builder.onFailure);
    builder.place(well);
  }
}

/** Stands for an errno in a failure that no system call reported: newuidmap or newgidmap refused. */
export const HELPER_FAILED = 1001;

/**
 * The kernel kills init when the monitor dies; prctl(2). A monitor that died before that is seen by its end of the
 * status pipe being closed.
 */
export function dieWithMonitor(lowering: Lowering): void {
  const { builder } = lowering;
  builder.syscall('prctl', [flags(PRCTL, 'PR_SET_PDEATHSIG'), flags(SIGNAL, 'SIGKILL'), 0, 0, 0]);
  const poll = builder.buffer(8, '&{status[1], events=0}');
  const alive = builder.label('monitor is alive');
  builder.store(32, poll, 0, lowering.statusWrite);
  builder.store(32, poll, 4, 0);
  builder.syscall('ppoll', [poll, 1, builder.words([0, 0], '{0, 0}'), 0, 8]);
  const events = builder.scratch('events');
  builder.load(events, 32, poll, 4);
  builder.compute(events, 'shiftRight', events, 16);
  builder.compute(events, 'and', events, POLL.POLLERR);
  builder.branch(events, 'equal', 0, alive);
  builder.syscall('exit_group', [125]);
  builder.place(alive);
}

/** Where argv[1] lies above the initial stack pointer: behind argc and argv[0]. */
const FIRST_ARGUMENT = 16;

/** Enters a running sandbox, all its namespaces at once; setns(2) with a pidfd. The monitor's children are in it then. */
export function joinNamespaces(lowering: Lowering, { directory, namespaces }: Operation<'joinNamespaces'>): void {
  const { builder } = lowering;
  joinGuests(lowering, directory);
  const process = builder.scratch('pidfd');
  const pid = builder.scratch('argument');
  const text = builder.scratch('argument text');
  builder.load(text, 64, builder.stack, FIRST_ARGUMENT);
  parseDecimal(builder, text, pid);
  builder.syscall('pidfd_open', [pid, 0], { result: process });
  builder.syscall('setns', [process, flags(CLONE, ...namespaces.map((kind) => FLAG[kind]))]);
  close(builder, process);
  pipe(builder, lowering.statusRead, lowering.statusWrite);
}

/** The user seen under another id, in a namespace of its own; the map is written through the new /proc. */
export function nestedUser({ builder }: Lowering, { uid, gid, last }: Operation<'nestedUser'>): void {
  const enter = () => {
    builder.syscall('unshare', [flags(CLONE, 'CLONE_NEWUSER')]);
    mapOwnIds(builder, uid, gid);
  };
  if (last) forbidUserNamespacesInside(builder, enter);
  else enter();
  // Root of the sandbox owns this namespace, and could trace what is in it before it is the command.
  builder.syscall('prctl', [flags(PRCTL, 'PR_SET_DUMPABLE'), 0, 0, 0, 0]);
}
