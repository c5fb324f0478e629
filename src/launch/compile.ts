import type { Arch } from '../linux/arch.ts';
import type { ListedCall } from './argument.ts';
import { ProgramBuilder } from './builder.ts';
import { launcherElf } from './elf.ts';
import type { Program } from './isa.ts';
import * as audit from './lower/audit.ts';
import { openAuditLog } from './lower/audit-log.ts';
import * as callersDirectory from './lower/callers-directory.ts';
import * as command from './lower/command.ts';
import { type Lowering, newLowering } from './lower/context.ts';
import * as controlGroup from './lower/control-group.ts';
import * as copies from './lower/copy-layers.ts';
import * as files from './lower/files.ts';
import * as fuse from './lower/fuse-overlay.ts';
import { handOver } from './lower/hand-over.ts';
import { dieWithParent, hold } from './lower/hold.ts';
import * as identity from './lower/identity.ts';
import { landlock } from './lower/landlock.ts';
import * as limits from './lower/limits.ts';
import * as mounts from './lower/mounts.ts';
import * as namespaces from './lower/namespaces.ts';
import * as overlays from './lower/overlay.ts';
import { beginMonitor, finishLauncher, type Phases, placeResidents, startCommand } from './lower/phases.ts';
import * as removal from './lower/removal.ts';
import type { Explainer } from './lower/report.ts';
import * as restrictions from './lower/restrictions.ts';
import * as directory from './lower/sandbox-directory.ts';
import * as terminal from './lower/terminal.ts';
import type { SetupOp } from './operations.ts';

export interface CompileOptions {
  readonly arch: Arch;
  /** Without it a failure is told in one plain line. */
  readonly explainer?: Explainer;
}

/** A launcher: what it will do, as a program, as text and as an executable file. */
export interface Launcher {
  readonly program: Program;
  /** Every system call of the program, in program order, with the number of the operation it belongs to. */
  calls(): readonly ListedCall[];
  elf(): Buffer;
}

/**
 * Compiles operations to a launcher: one program for the monitor, init and the command's process, which it becomes by
 * forking. The order in the file is not the order of execution: the loops that stay come first, in pages of their own,
 * so that everything else can be unmapped while they run.
 */
export function compileLauncher(operations: readonly SetupOp[], options: CompileOptions): Launcher {
  const builder = new ProgramBuilder(options.arch);
  const lowering = newLowering(builder);
  const phases = placeResidents(lowering, operations, options.explainer);
  beginMonitor(lowering, phases);
  operations.forEach((operation, number) => {
    builder.beginStep(number);
    lower(lowering, phases, operation);
  });
  finishLauncher(lowering, phases, operations, options.explainer);
  const program = builder.build();
  return { program, calls: () => builder.list(), elf: () => launcherElf(options.arch, program) };
}

type Lower<Name extends SetupOp['op']> = (
  lowering: Lowering,
  operation: Extract<SetupOp, { op: Name }>,
  phases: Phases,
) => void;

const LOWER: { readonly [Name in SetupOp['op']]: Lower<Name> } = {
  enterSandboxDirectory: directory.enterSandboxDirectory,
  makeSandboxDirectories: directory.makeSandboxDirectories,
  handOver,
  rememberDirectory: callersDirectory.rememberDirectory,
  detach: namespaces.detach,
  dieWithParent,
  enterControlGroup: controlGroup.enterControlGroup,
  openAuditLog,
  timeLimit: limits.timeLimit,
  createNamespaces: namespaces.createNamespaces,
  joinNamespaces: namespaces.joinNamespaces,
  dieWithMonitor: namespaces.dieWithMonitor,
  isolateMounts: mounts.isolateMounts,
  mountRootMemory: mounts.mountRootMemory,
  mountRootDirectory: mounts.mountRootDirectory,
  mountRootOverlay: overlays.mountRootOverlay,
  mountRootFuseOverlay: fuse.mountRootFuseOverlay,
  copyLayers: copies.copyLayers,
  makeDirectory: files.makeDirectory,
  makeFile: files.makeFile,
  makeSymlink: files.makeSymlink,
  overlay: overlays.overlay,
  fuseOverlay: fuse.fuseOverlay,
  bind: mounts.bind,
  bindContent: files.bindContent,
  writeFile: files.writeFile,
  memory: mounts.memory,
  proc: mounts.proc,
  sysfs: mounts.sysfs,
  devpts: mounts.devpts,
  messageQueues: mounts.messageQueues,
  controlGroups: mounts.controlGroups,
  mask: mounts.mask,
  readOnlyPath: mounts.readOnlyPath,
  loopbackUp: identity.loopbackUp,
  forbidUserNamespaces: restrictions.forbidUserNamespaces,
  hostname: identity.hostname,
  ownTerminal: terminal.ownTerminal,
  readOnlyRoot: mounts.readOnlyRoot,
  pivotRoot: mounts.pivotRoot,
  startCommand: (lowering, _operation, phases) => startCommand(lowering, phases),
  removeTree: removal.removeTree,
  finish: removal.finish,
  takeTerminal: terminal.takeTerminal,
  newSession: restrictions.newSession,
  standardInputNull: command.standardInputNull,
  changeDirectory: command.changeDirectory,
  enterCallersDirectory: callersDirectory.enterCallersDirectory,
  nestedUser: namespaces.nestedUser,
  setUser: command.setUser,
  dropCapabilities: command.dropCapabilities,
  noNewPrivileges: command.noNewPrivileges,
  resourceLimits: limits.resourceLimits,
  lockSecureBits: restrictions.lockSecureBits,
  landlock,
  seccomp: command.seccomp,
  startAuditor: audit.startAuditor,
  audit: audit.audit,
  resetSignals: command.resetSignals,
  closeDescriptors: command.closeDescriptors,
  execute: command.execute,
  hold,
};

/** Emits the instructions of one operation, whose own lowering the table has under its name. */
function lower(lowering: Lowering, phases: Phases, operation: SetupOp): void {
  const emit = LOWER[operation.op] as Lower<SetupOp['op']>;
  emit(lowering, operation as never, phases);
}
