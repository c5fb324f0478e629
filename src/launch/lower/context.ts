import { AT, OPEN, type OpenFlag, RESOLVE } from '../../linux/constants/open.ts';
import { flags, type Label, type Named, type Pointer, type Slot } from '../argument.ts';
import type { ProgramBuilder } from '../builder.ts';

/** Path arguments that mean the current directory and no path at all. */
export const HERE: Named = { kind: 'named', value: AT.AT_FDCWD, text: 'AT_FDCWD' };

/** What the phases of one launcher share: the builder, and the slots that outlive an operation. */
export interface Lowering {
  readonly builder: ProgramBuilder;
  /** The new root file system, while init builds it. */
  readonly root: Slot;
  /** An empty mount, once one was needed. */
  readonly emptyMount: Slot;
  /** The directory that holds all sandboxes, and whether this one's directory has been entered. */
  readonly store: Slot;
  readonly entered: Slot;
  /** Name of the sandbox's directory, NUL-terminated, written at run time when it is generated. */
  readonly name: Slot;
  readonly lock: Slot;
  /** The file that those who joined a kept sandbox hold locked. */
  readonly guests: Slot;
  /** The monitor's terminal or -1, its process group, and whether that group was in the foreground. */
  readonly terminal: Slot;
  readonly foreground: Slot;
  readonly processGroup: Pointer;
  /** Pipe on which init and the command tell the monitor of a failure. */
  readonly statusRead: Slot;
  readonly statusWrite: Slot;
  /** The sandbox's user namespace, kept for the removal of its files. */
  readonly userNamespace: Slot;
  /** The control group that the sandbox's processes are in (its list of them, where one joins), and its path. */
  readonly controlGroup: Slot;
  readonly controlGroupPath: Slot;
  /** Process ids: the monitor's own, its child's (init, or the command when joining), and the command's as init sees it. */
  readonly self: Slot;
  readonly child: Slot;
  readonly command: Slot;
  /** The user's umask, restored for the command. */
  readonly umask: Slot;
  /** Address of the path at which the caller stood, once it is remembered. */
  readonly callersDirectory: Slot;
  /** The pseudo-terminal's two ends (`ownTerminal`), and the socket pair on which init hands the controller over. */
  readonly controller: Slot;
  readonly ownTerminal: Slot;
  readonly handover: { readonly monitor: Slot; readonly init: Slot };
  /** The audit log, and the auditor: a pipe on which it gets the number of its listener, and where it starts. */
  readonly auditLog: Slot;
  readonly auditor: { readonly read: Slot; readonly write: Slot; readonly start: Label };
  /** Where the phases meet. */
  readonly afterCreation: Label;
  readonly afterStart: Label;
  readonly childFailure: Label;
  /** Where the monitor's own failures go. */
  readonly monitorFailure: Label;
}

/** The lowering of a fresh program: nothing opened yet, so every descriptor is -1. */
export function newLowering(builder: ProgramBuilder): Lowering {
  const descriptor = (name: string) => builder.slot(name, -1n);
  return {
    builder,
    root: descriptor('root'),
    emptyMount: descriptor('empty mount'),
    store: descriptor('store'),
    entered: builder.slot('entered'),
    name: builder.slot('name'),
    lock: descriptor('lock'),
    guests: descriptor('guests'),
    terminal: descriptor('terminal'),
    foreground: builder.slot('foreground'),
    processGroup: builder.data(new Uint8Array(8), 'process group'),
    statusRead: descriptor('status[0]'),
    statusWrite: descriptor('status[1]'),
    userNamespace: descriptor('user namespace'),
    controlGroup: descriptor('control group'),
    controlGroupPath: builder.slot('path of the control group'),
    self: builder.slot('monitor'),
    child: builder.slot('child'),
    command: builder.slot('command'),
    umask: builder.slot('umask'),
    callersDirectory: builder.slot("caller's directory"),
    controller: descriptor('controller'),
    ownTerminal: descriptor('own terminal'),
    handover: { monitor: descriptor('handover[0]'), init: descriptor('handover[1]') },
    auditLog: descriptor('audit log'),
    auditor: { read: descriptor('auditor[0]'), write: descriptor('auditor[1]'), start: builder.label('auditor') },
    afterCreation: builder.label('after the creation'),
    afterStart: builder.label('after the start'),
    childFailure: builder.label('failure inside'),
    monitorFailure: builder.onFailure,
  };
}

/** Flags of open(2) for the program's architecture. */
export function openFlags(builder: ProgramBuilder, ...names: OpenFlag[]): Named {
  return flags(OPEN[builder.arch], ...names, 'O_CLOEXEC');
}

/**
 * Opens `path` beneath the new root: a symbolic link, absolute or not, leads to where it would inside the sandbox, and
 * never out of it; openat2(2), RESOLVE_IN_ROOT.
 */
export function openInRoot(
  lowering: Lowering,
  path: string,
  names: readonly OpenFlag[],
  options: { result: Slot; onError?: Label | 'ignore'; mode?: number },
): void {
  const { builder } = lowering;
  const how = openFlags(builder, ...names);
  const resolve = flags(RESOLVE, 'RESOLVE_IN_ROOT', 'RESOLVE_NO_MAGICLINKS');
  const mode = options.mode ?? 0;
  const text = `{flags=${how.text}, mode=0${mode.toString(8)}, resolve=${resolve.text}}`;
  builder.syscall(
    'openat2',
    [lowering.root, builder.string(path), builder.words([how.value, mode, resolve.value], text), 24],
    options,
  );
}

/** Writes `content` to the file behind a descriptor, in one call: it is small and the file is fresh or a kernel file. */
export function writeAll(builder: ProgramBuilder, descriptor: Slot, content: Uint8Array, text: string): void {
  builder.syscall('write', [descriptor, builder.bytes(content, text), content.length]);
}

/** Closes a descriptor that need not be open. */
export function close(builder: ProgramBuilder, descriptor: Slot): void {
  builder.syscall('close', [descriptor], { onError: 'ignore' });
}
