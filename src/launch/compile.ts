import type { Arch } from '../linux/arch.ts';
import { type ListedCall, ProgramBuilder } from './builder.ts';
import { launcherElf } from './elf.ts';
import type { Program } from './isa.ts';
import * as command from './lower/command.ts';
import { type Lowering, newLowering } from './lower/context.ts';
import * as files from './lower/files.ts';
import * as identity from './lower/identity.ts';
import { type Phases, beginMonitor, finishLauncher, placeResidents, startCommand } from './lower/phases.ts';
import * as mounts from './lower/mounts.ts';
import * as namespaces from './lower/namespaces.ts';
import * as removal from './lower/removal.ts';
import type { Explainer } from './lower/report.ts';
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
  readonly calls: readonly ListedCall[];
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
  const phases = placeResidents(lowering, operations);
  beginMonitor(lowering, phases);
  operations.forEach((operation, number) => {
    builder.beginStep(number);
    lower(lowering, phases, operation);
  });
  finishLauncher(lowering, phases, operations, options.explainer);
  const program = builder.build();
  return { program, calls: builder.list(), elf: () => launcherElf(options.arch, program) };
}

function lower(lowering: Lowering, phases: Phases, operation: SetupOp): void {
  switch (operation.op) {
    case 'enterSandboxDirectory':
      return directory.enterSandboxDirectory(lowering, operation);
    case 'makeSandboxDirectories':
      return directory.makeSandboxDirectories(lowering, operation);
    case 'createNamespaces':
      return namespaces.createNamespaces(lowering, operation);
    case 'joinNamespaces':
      return namespaces.joinNamespaces(lowering, operation);
    case 'dieWithMonitor':
      return namespaces.dieWithMonitor(lowering);
    case 'isolateMounts':
      return mounts.isolateMounts(lowering);
    case 'mountRootMemory':
      return mounts.mountRootMemory(lowering);
    case 'mountRootDirectory':
      return mounts.mountRootDirectory(lowering, operation);
    case 'mountRootOverlay':
      return mounts.mountRootOverlay(lowering, operation);
    case 'makeDirectory':
      return files.makeDirectory(lowering, operation);
    case 'makeFile':
      return files.makeFile(lowering, operation);
    case 'makeSymlink':
      return files.makeSymlink(lowering, operation);
    case 'overlay':
      return mounts.overlay(lowering, operation);
    case 'bind':
      return mounts.bind(lowering, operation);
    case 'bindContent':
      return files.bindContent(lowering, operation);
    case 'writeFile':
      return files.writeFile(lowering, operation);
    case 'memory':
      return mounts.memory(lowering, operation);
    case 'proc':
      return mounts.proc(lowering, operation);
    case 'sysfs':
      return mounts.sysfs(lowering, operation);
    case 'devpts':
      return mounts.devpts(lowering, operation);
    case 'messageQueues':
      return mounts.messageQueues(lowering, operation);
    case 'controlGroups':
      return mounts.controlGroups(lowering, operation);
    case 'mask':
      return mounts.mask(lowering, operation);
    case 'readOnlyPath':
      return mounts.readOnlyPath(lowering, operation);
    case 'loopbackUp':
      return identity.loopbackUp(lowering);
    case 'hostname':
      return identity.hostname(lowering, operation);
    case 'ownTerminal':
      return terminal.ownTerminal(lowering);
    case 'readOnlyRoot':
      return mounts.readOnlyRoot(lowering);
    case 'pivotRoot':
      return mounts.pivotRoot(lowering);
    case 'startCommand':
      return startCommand(lowering, phases);
    case 'removeTree':
      return removal.removeTree(lowering, operation);
    case 'finish':
      return removal.finish(lowering);
    case 'takeTerminal':
      return terminal.takeTerminal(lowering);
    case 'standardInputNull':
      return command.standardInputNull(lowering);
    case 'changeDirectory':
      return command.changeDirectory(lowering, operation);
    case 'nestedUser':
      return namespaces.nestedUser(lowering, operation);
    case 'setUser':
      return command.setUser(lowering, operation);
    case 'dropCapabilities':
      return command.dropCapabilities(lowering, operation);
    case 'noNewPrivileges':
      return command.noNewPrivileges(lowering);
    case 'seccomp':
      return command.seccomp(lowering, operation);
    case 'resetSignals':
      return command.resetSignals(lowering);
    case 'closeDescriptors':
      return command.closeDescriptors(lowering);
    case 'execute':
      return command.execute(lowering, operation);
  }
}
