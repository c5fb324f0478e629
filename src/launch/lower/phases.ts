import { FCNTL } from '../../linux/constants/descriptor.ts';
import { PRCTL, WAIT } from '../../linux/constants/process.ts';
import { SIGNAL, SIGNAL_ACTION, SIGSET_SIZE } from '../../linux/constants/signal.ts';
import { flags, type Label } from '../argument.ts';
import type { ProgramBuilder } from '../builder.ts';
import { DATA_ADDRESS, INSTRUCTION_SIZE, PROGRAM_ADDRESS } from '../isa.ts';
import type { SetupOp } from '../operations.ts';
import { forgetEnvironment } from './callers-words.ts';
import { nameProcess } from './command.ts';
import { close, HERE, type Lowering, openFlags } from './context.ts';
import { moveIntoGroup, removeGroup } from './control-group.ts';
import {
  type EarlyEnd,
  ignoreEarlyEnd,
  leaveToUndertaker,
  openEarlyEnd,
  receiveStatus,
  tellStatus,
} from './early-end.ts';
import { placeEnding } from './ending.ts';
import { findTerminal, reclaimTerminal } from './foreground.ts';
import { expireOnAlarm, expiryOf } from './limits.ts';
import { lingerForGuests } from './linger.ts';
import { fork } from './namespaces.ts';
import { writePid } from './pid-file.ts';
import { removalData } from './removal.ts';
import { awaitStart, type Explainer, reportFailure, reportToMonitor } from './report.ts';
import { collect, exitStatus, forwardSignals, type SignalTargets, stopWithJob, superviseData } from './supervise.ts';
import { openHandover, relayTerminal } from './terminal.ts';

const PAGE = 4096;
/** An upper limit of the bytes that stay mapped; what is unmapped ends as far below the data as it starts above the program. */
const LARGEST_RESIDENTS = 0x1_0000;

/** Where the parts of a launcher that outlive its set-up are, and which of them it has. */
export interface Phases {
  /** The monitor's loop, and the removal of the sandbox's directory. */
  readonly monitor: Label;
  readonly removal: Label;
  /** Init's loop, and the place where init comes from the fork of the command. */
  readonly init: Label;
  readonly afterFork: Label;
  /** The command is the monitor's own child, in the namespaces of a running sandbox. */
  readonly joins: boolean;
  /** The sandbox's directory is removed at the end. */
  readonly ephemeral: boolean;
  readonly ownTerminal: boolean;
  /** The sandbox has a control group of its own. */
  readonly grouped: boolean;
  /** The monitor may have something to say at the end. */
  readonly lastWords: boolean;
  /** The monitor may end before init: it need not wait for the kernel to take the sandbox down, nor for guests. */
  readonly early: EarlyEnd | undefined;
}

/** Emits the loops that stay, at the start of the program; execution begins behind them. */
export function placeResidents(
  lowering: Lowering,
  operations: readonly SetupOp[],
  explainer: Explainer | undefined,
): Phases {
  const { builder } = lowering;
  const start = builder.label('start');
  const monitor = builder.label('monitor');
  const removal = builder.label('removal');
  const init = builder.label('init loop');
  const ended = builder.label('sandbox has ended');
  const status = builder.slot('exit status', 125n);
  const ephemeral = operations.some(
    (operation) => operation.op === 'enterSandboxDirectory' && operation.sandbox.kind === 'generated',
  );
  const ownTerminal = operations.some(({ op }) => op === 'ownTerminal');
  const kept = operations.some(({ op }) => op === 'enterSandboxDirectory') && !ephemeral;
  const joins = operations.some(({ op }) => op === 'joinNamespaces');
  const grouped = operations.some(({ op }) => op === 'enterControlGroup');
  const expiry = expiryOf(builder, operations);
  const lastWords = expiry !== undefined || (grouped && !joins);
  const ownSession = operations.some(({ op }) => op === 'newSession');
  const stopSignal = operations.find((operation) => operation.op === 'startCommand')?.stopSignal;
  const data = superviseData(builder);
  const removed = removalData(builder);
  const exit = builder.label('exit');
  const goodbye = lastWords ? builder.label('last words') : exit;
  const early =
    (ephemeral || kept) && !ownTerminal
      ? { read: builder.slot('ended[0]', -1n), write: builder.slot('ended[1]', -1n) }
      : undefined;
  const setup = builder.slot('end of the residents');
  // Gives back what only the set-up needed: an idle sandbox costs a few pages.
  const unmapSetup = () =>
    builder.syscall('munmap', [setup, DATA_ADDRESS - PROGRAM_ADDRESS - LARGEST_RESIDENTS], { onError: 'ignore' });

  builder.jump(start);
  builder.place(monitor);
  unmapSetup();
  const beforeForward: SignalTargets['beforeForward'] =
    expiry && ((at) => expireOnAlarm(builder, data, lowering.child, expiry, at));
  if (ownTerminal) relayTerminal(lowering, data, ended, beforeForward);
  else {
    const loop = builder.label('monitor loop');
    const onChild = builder.label('child changed');
    const onReadable = builder.label('status can be read');
    const afterForward = stopWithJob(builder, lowering.self);
    forwardSignals(builder, data, lowering.child, {
      loop,
      onChild,
      afterForward,
      // Init is in the monitor's group and hears the terminal itself; whoever joins has no init.
      ownSession: ownSession && joins,
      ...(early ? { onReadable } : {}),
      ...(beforeForward ? { beforeForward } : {}),
    });
    if (early) {
      builder.place(onReadable);
      receiveStatus(builder, early, status, removed.entries, loop);
      reclaimTerminal(lowering, data);
      if (ephemeral || grouped) leaveToUndertaker(lowering, data, removal, goodbye);
      else builder.jump(goodbye);
    }
    builder.place(onChild);
    collect(builder, data, lowering.child, loop);
  }
  builder.place(ended);
  exitStatus(builder, data, status);
  reclaimTerminal(lowering, data);
  placeEnding(lowering, removed, {
    labels: { removal, goodbye, exit },
    status,
    ephemeral,
    grouped: grouped && !joins,
    expiry,
    explainer,
  });
  builder.place(exit);
  builder.syscall('exit_group', [status], { onError: 'ignore' });

  if (!joins) {
    const loop = builder.label('init loop');
    const reap = builder.label('reap');
    builder.place(init);
    unmapSetup();
    forwardSignals(builder, data, lowering.command, {
      loop,
      onChild: reap,
      ownSession,
      ...(stopSignal ? { stopSignal } : {}),
    });
    builder.place(reap);
    const pid = builder.scratch('reaped');
    builder.syscall('wait4', [-1, data.status, flags(WAIT, 'WNOHANG'), 0], { result: pid, onError: loop });
    builder.branch(pid, 'equal', 0, loop);
    builder.branch(pid, 'notEqual', lowering.command, reap);
    exitStatus(builder, data, status);
    if (early && ephemeral) tellStatus(builder, early, status, removed.entries);
    else if (early) lingerForGuests(lowering, early, status, removed.entries, loop);
    builder.syscall('exit_group', [status], { onError: 'ignore' });
  }
  builder.place(start);
  builder.startWith(setup, PROGRAM_ADDRESS + Math.ceil((builder.length * INSTRUCTION_SIZE) / PAGE) * PAGE);
  return {
    monitor,
    removal,
    init,
    afterFork: builder.label('after the fork'),
    joins,
    ephemeral,
    ownTerminal,
    grouped,
    lastWords,
    early,
  };
}

/** The monitor's first steps: signals blocked, standard descriptors present, nothing else inherited. */
export function beginMonitor(lowering: Lowering, { ownTerminal, early }: Phases): void {
  const { builder } = lowering;
  const everything = builder.words([-1], '~[]');
  builder.syscall('rt_sigprocmask', [flags(SIGNAL_ACTION, 'SIG_SETMASK'), everything, 0, SIGSET_SIZE]);
  nameProcess(builder);
  for (const stream of [0, 1, 2]) {
    const open = builder.label('is open');
    // A directory of the host as a stream would be a way out of the sandbox: `..` leads on from it.
    const noDirectory = builder.label('is no directory');
    builder.syscall('openat', [stream, builder.string('.'), openFlags(builder, 'O_PATH', 'O_DIRECTORY'), 0], {
      onError: noDirectory,
    });
    builder.syscall('close', [stream]);
    builder.place(noDirectory);
    builder.syscall('fcntl', [stream, flags(FCNTL, 'F_GETFD'), 0], { onError: 'ignore' });
    builder.branch(builder.outcome, 'greaterOrEqual', 0, open);
    builder.syscall('openat', [HERE, builder.string('/dev/null'), openFlags(builder, 'O_RDWR'), 0], {
      onError: 'ignore',
    });
    builder.syscall('fcntl', [stream, flags(FCNTL, 'F_SETFD'), 0], { onError: 'ignore' });
    builder.place(open);
  }
  builder.syscall('close_range', [3, -1, 0]);
  builder.syscall('getpid', [], { result: lowering.self });
  builder.syscall('umask', [0], { result: lowering.umask });
  findTerminal(lowering);
  if (ownTerminal) openHandover(lowering);
  if (early) openEarlyEnd(lowering, early);
}

/** Forks the command's process, in which the program goes on. */
export function startCommand(lowering: Lowering, phases: Phases): void {
  const { builder } = lowering;
  if (!phases.joins) {
    fork(builder, lowering.command);
    builder.branch(lowering.command, 'notEqual', 0, phases.afterFork);
    return;
  }
  fork(builder, lowering.child);
  builder.branch(lowering.child, 'notEqual', 0, lowering.afterCreation);
  builder.onFailure = lowering.childFailure;
  if (phases.grouped) moveIntoGroup(lowering);
  builder.syscall('prctl', [flags(PRCTL, 'PR_SET_PDEATHSIG'), flags(SIGNAL, 'SIGKILL'), 0, 0, 0]);
  close(builder, lowering.statusRead);
}

/** Everything that is not on the command's way: what init and the monitor do after forking, and failures. */
export function finishLauncher(
  lowering: Lowering,
  phases: Phases,
  operations: readonly SetupOp[],
  explainer: Explainer | undefined,
): void {
  const { builder } = lowering;
  builder.beginSupervision();
  reportToMonitor(lowering);

  if (!phases.joins) {
    builder.place(phases.afterFork);
    for (const descriptor of [
      lowering.statusWrite,
      lowering.store,
      lowering.terminal,
      lowering.ownTerminal,
      lowering.handover.init,
      lowering.handover.monitor,
    ]) {
      close(builder, descriptor);
    }
    closeStandardStreams(builder);
    forgetEnvironment(builder);
    builder.jump(phases.init);
  }

  const errno = builder.slot('errno');
  const started = builder.label('started');
  const failed = builder.label('failed inside');
  builder.place(lowering.afterCreation);
  builder.onFailure = lowering.monitorFailure;
  if (phases.joins) close(builder, lowering.statusWrite);
  awaitStart(lowering, builder.step, errno, started, operations.length);
  builder.jump(failed);

  builder.place(started);
  close(builder, lowering.statusRead);
  writePid(lowering);
  if (!phases.ownTerminal) closeStandardStreams(builder, phases.lastWords ? 1 : 2);
  builder.jump(phases.monitor);

  builder.place(lowering.monitorFailure);
  builder.compute(errno, 'subtract', 0, builder.outcome);
  endChild(lowering);
  builder.place(failed);
  if (phases.grouped && !phases.joins) removeGroup(lowering);
  if (phases.ephemeral) removeBeforeReport(lowering, phases);
  ignoreEarlyEnd(builder);
  // A monitor that joined sees the sandbox's files: what is at the explainer's path there is not to be trusted.
  reportFailure(lowering, operations, builder.step, errno, phases.joins ? undefined : explainer);
}

/** A child that still waits for its ids is ended before the failure is told. */
function endChild(lowering: Lowering): void {
  const { builder, child } = lowering;
  const none = builder.label('no child');
  builder.branch(child, 'equal', 0, none);
  builder.syscall('kill', [child, flags(SIGNAL, 'SIGKILL')], { onError: 'ignore' });
  builder.syscall('wait4', [child, 0, flags(WAIT, '__WALL'), 0], { onError: 'ignore' });
  builder.place(none);
}

/** The removal enters the sandbox's user namespace, and the report must not be in there: a child does it. */
function removeBeforeReport(lowering: Lowering, phases: Phases): void {
  const { builder } = lowering;
  const report = builder.label('report');
  const pid = builder.scratch('remover');
  builder.branch(lowering.entered, 'equal', 0, report);
  builder.syscall('clone', [flags(SIGNAL, 'SIGCHLD'), 0, 0, 0, 0], { result: pid, onError: report });
  builder.branch(pid, 'equal', 0, phases.removal);
  builder.syscall('wait4', [pid, 0, 0, 0], { onError: 'ignore' });
  builder.place(report);
}

/** A reader of the command's output must not wait for us. */
function closeStandardStreams(builder: ProgramBuilder, last = 2): void {
  builder.syscall('close_range', [0, last, 0], { onError: 'ignore' });
}
