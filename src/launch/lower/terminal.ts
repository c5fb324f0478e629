import { FCNTL, POLL } from '../../linux/constants/descriptor.ts';
import { SOCKET, TERMINAL_IOCTL, TERMIOS } from '../../linux/constants/ioctl.ts';
import { SIGNAL, SIGSET_SIZE } from '../../linux/constants/signal.ts';
import { flags, type Label, type Slot } from '../argument.ts';
import type { ProgramBuilder } from '../builder.ts';
import { close, type Lowering, openFlags, openInRoot } from './context.ts';
import { attachCopy } from './mounts.ts';
import type { SignalTargets, SuperviseData } from './supervise.ts';

const CONTROL_SIZE = 24;
/** cmsg(3): cmsg_len, cmsg_level SOL_SOCKET, cmsg_type SCM_RIGHTS, and the descriptor behind them. */
const SCM_RIGHTS = { length: 20, level: 1, type: 1, descriptor: 16 } as const;

/** struct msghdr with one byte of text and room for one descriptor. */
function handoverMessage(builder: ProgramBuilder) {
  const header = Buffer.alloc(CONTROL_SIZE);
  header.writeBigUInt64LE(BigInt(SCM_RIGHTS.length), 0);
  header.writeUInt32LE(SCM_RIGHTS.level, 8);
  header.writeUInt32LE(SCM_RIGHTS.type, 12);
  const control = builder.data(header, 'SCM_RIGHTS');
  const vector = builder.writableWords([builder.buffer(8, '&byte'), 1]);
  return { control, message: builder.writableWords([0, 0, vector, 1, control, CONTROL_SIZE, 0], '&{SCM_RIGHTS}') };
}

/** Before the fork: the way on which init hands the controlling end to the monitor. */
export function openHandover({ builder, handover }: Lowering): void {
  const ends = builder.buffer(8, '&handover');
  builder.syscall('socketpair', [flags(SOCKET, 'AF_UNIX'), flags(SOCKET, 'SOCK_DGRAM', 'SOCK_CLOEXEC'), 0, ends]);
  builder.load(handover.monitor, 32, ends, 0);
  builder.load(handover.init, 32, ends, 4);
}

/** Init: a pseudo-terminal of the sandbox's own devpts, so that its name exists inside; pts(4), ioctl_tty(2). */
export function ownTerminal(lowering: Lowering): void {
  const { builder, controller, ownTerminal: terminal } = lowering;
  const { control, message } = handoverMessage(builder);
  openInRoot(lowering, '/dev/pts/ptmx', ['O_RDWR', 'O_NOCTTY'], { result: controller });
  builder.syscall('ioctl', [controller, flags(TERMINAL_IOCTL, 'TIOCSPTLCK'), builder.words([0], '[0]')]);
  builder.syscall(
    'ioctl',
    [controller, flags(TERMINAL_IOCTL, 'TIOCGPTPEER'), openFlags(builder, 'O_RDWR', 'O_NOCTTY')],
    { result: terminal },
  );
  attachCopy(lowering, terminal, '/dev/console');
  builder.store(32, control, SCM_RIGHTS.descriptor, controller);
  builder.syscall('sendmsg', [lowering.handover.init, message, 0]);
  close(builder, controller);
}

/** The command: a session of its own with the pseudo-terminal as controlling terminal and standard streams. */
export function takeTerminal({ builder, ownTerminal: terminal }: Lowering): void {
  builder.syscall('setsid', []);
  builder.syscall('ioctl', [terminal, flags(TERMINAL_IOCTL, 'TIOCSCTTY'), 0]);
  for (const stream of [0, 1, 2]) builder.syscall('dup3', [terminal, stream, 0]);
}

/** Offsets in the kernel's struct termios, and how many bytes of it there are. */
const TERMIOS_FIELD = { input: 0, output: 4, control: 8, local: 12, time: 17 + 5, minimum: 17 + 6, size: 36 } as const;
const RAW_CLEAR = {
  input: flags(TERMIOS, 'BRKINT', 'PARMRK', 'ISTRIP', 'INLCR', 'IGNCR', 'ICRNL', 'IXON').value | 1,
  output: TERMIOS.OPOST,
  control: TERMIOS.CSIZE | TERMIOS.PARENB,
  local: flags(TERMIOS, 'ECHO', 'ECHONL', 'ICANON', 'ISIG', 'IEXTEN').value,
} as const;
const INPUT_SIZE = 1024;
const OUTPUT_SIZE = 4096;
const POLL_ENTRY = 8;
const END_OF_TRANSMISSION = 4;

interface Relay {
  readonly saved: ReturnType<ProgramBuilder['buffer']>;
  readonly size: ReturnType<ProgramBuilder['buffer']>;
  readonly isTerminal: Slot;
  readonly signals: Slot;
}

function relayState(builder: ProgramBuilder): Relay {
  return {
    saved: builder.buffer(64, '&saved'),
    size: builder.buffer(8, '&size'),
    isTerminal: builder.slot('stdin is a terminal'),
    signals: builder.slot('signals', -1n),
  };
}

/** Copies the size of the user's terminal to the pseudo-terminal; the kernel tells the foreground group there. */
function copySize(builder: ProgramBuilder, relay: Relay, controller: Slot): void {
  const skip = builder.label('no size');
  builder.syscall('ioctl', [0, flags(TERMINAL_IOCTL, 'TIOCGWINSZ'), relay.size], { onError: skip });
  builder.syscall('ioctl', [controller, flags(TERMINAL_IOCTL, 'TIOCSWINSZ'), relay.size], { onError: 'ignore' });
  builder.place(skip);
}

/** cfmakeraw(3) on standard input, if it is a terminal; what it was is kept. */
function makeRaw(builder: ProgramBuilder, relay: Relay): void {
  const raw = builder.buffer(64, '&raw');
  const value = builder.scratch('termios word');
  const skip = builder.label('not a terminal');
  builder.syscall('ioctl', [0, flags(TERMINAL_IOCTL, 'TCGETS'), relay.saved], { onError: skip });
  builder.move(relay.isTerminal, 1);
  builder.syscall('ioctl', [0, flags(TERMINAL_IOCTL, 'TCGETS'), raw], { onError: skip });
  for (const field of ['input', 'output', 'control', 'local'] as const) {
    builder.load(value, 32, raw, TERMIOS_FIELD[field]);
    builder.compute(value, 'and', value, ~RAW_CLEAR[field]);
    if (field === 'control') builder.compute(value, 'or', value, TERMIOS.CS8);
    builder.store(32, raw, TERMIOS_FIELD[field], value);
  }
  builder.store(8, raw, TERMIOS_FIELD.time, 0);
  builder.store(8, raw, TERMIOS_FIELD.minimum, 1);
  builder.syscall('ioctl', [0, flags(TERMINAL_IOCTL, 'TCSETSW'), raw], { onError: 'ignore' });
  builder.place(skip);
}

/**
 * The monitor as relay between the user's terminal and the sandbox's: until `child` has ended, then goes to `ended` with
 * the user's terminal as it was. Input that the sandbox does not take waits without holding up its output.
 */
export function relayTerminal(
  lowering: Lowering,
  data: SuperviseData,
  ended: Label,
  beforeForward?: SignalTargets['beforeForward'],
): void {
  const { builder, controller, child } = lowering;
  const relay = relayState(builder);
  const input = {
    buffer: builder.buffer(INPUT_SIZE, '&input'),
    start: builder.slot('input start'),
    length: builder.slot('input length'),
  };
  const output = builder.buffer(OUTPUT_SIZE, '&output');
  const polls = builder.buffer(3 * POLL_ENTRY, '&polls');
  const inputOpen = builder.slot('input is open', 1n);
  const events = builder.scratch('events');
  const value = builder.scratch('relayed');
  const at = (index: number, offset: number) => index * POLL_ENTRY + offset;

  receiveController(lowering);
  makeRaw(builder, relay);
  copySize(builder, relay, controller);
  builder.syscall('fcntl', [controller, flags(FCNTL, 'F_SETFL'), openFlags(builder, 'O_RDWR', 'O_NONBLOCK')], {
    onError: 'ignore',
  });
  builder.syscall('signalfd4', [-1, data.everySignal, SIGSET_SIZE, openFlags(builder, 'O_NONBLOCK')], {
    result: relay.signals,
  });

  const loop = builder.label('relay');
  const wait = builder.label('wait for events');
  const finish = builder.label('drain and finish');
  builder.place(loop);
  builder.store(32, polls, at(0, 0), relay.signals);
  builder.store(32, polls, at(0, 4), POLL.POLLIN);
  builder.store(32, polls, at(1, 0), -1);
  builder.store(32, polls, at(1, 4), POLL.POLLIN);
  builder.store(32, polls, at(2, 0), controller);
  builder.store(32, polls, at(2, 4), POLL.POLLIN | POLL.POLLOUT);
  builder.branch(input.length, 'notEqual', 0, wait);
  builder.store(32, polls, at(2, 4), POLL.POLLIN);
  builder.branch(inputOpen, 'equal', 0, wait);
  builder.store(32, polls, at(1, 0), 0);
  builder.jump(wait);
  builder.place(wait);
  builder.syscall('ppoll', [polls, 3, 0, 0, SIGSET_SIZE], { onError: loop });

  const arrived = (index: number, mask: number, none: Label) => {
    builder.load(events, 32, polls, at(index, 4));
    builder.compute(events, 'shiftRight', events, 16);
    builder.compute(events, 'and', events, mask);
    builder.branch(events, 'equal', 0, none);
  };

  // Output first, so that nothing is lost when the sandbox ends.
  const outputDone = builder.label('output relayed');
  arrived(2, POLL.POLLIN | POLL.POLLHUP | POLL.POLLERR, outputDone);
  copyOutput(builder, controller, output, value, outputDone, () => {
    // EIO: no process has the terminal open. It may be opened again, so it is only watched more slowly: by the signals.
    builder.syscall('ppoll', [polls, 1, builder.data(timespec(20_000_000), '20 ms'), 0, SIGSET_SIZE], {
      onError: 'ignore',
    });
  });
  builder.place(outputDone);

  const inputTaken = builder.label('input taken');
  arrived(2, POLL.POLLOUT, inputTaken);
  builder.branch(input.length, 'equal', 0, inputTaken);
  builder.syscall('write', [controller, input.start, input.length], { result: value, onError: inputTaken });
  builder.compute(input.start, 'add', input.start, value);
  builder.compute(input.length, 'subtract', input.length, value);
  builder.place(inputTaken);

  const inputRead = builder.label('input read');
  const closed = builder.label('input closed');
  arrived(1, POLL.POLLIN | POLL.POLLHUP | POLL.POLLERR | POLL.POLLNVAL, inputRead);
  builder.move(input.start, input.buffer);
  builder.syscall('read', [0, input.buffer, INPUT_SIZE], { result: input.length, onError: closed });
  builder.branch(input.length, 'notEqual', 0, inputRead);
  builder.place(closed);
  builder.move(inputOpen, 0);
  builder.store(8, input.buffer, 0, END_OF_TRANSMISSION);
  builder.move(input.length, 1);
  builder.place(inputRead);

  const signal = builder.scratch('signal');
  const onChild = builder.label('child changed');
  const forward = builder.label('forward');
  arrived(0, POLL.POLLIN, loop);
  builder.syscall('read', [relay.signals, data.info, 128], { onError: loop });
  builder.load(signal, 32, data.info, 0);
  builder.branch(signal, 'equal', flags(SIGNAL, 'SIGCHLD'), onChild);
  builder.branch(signal, 'notEqual', flags(SIGNAL, 'SIGWINCH'), forward);
  copySize(builder, relay, controller);
  builder.jump(loop);
  builder.place(forward);
  beforeForward?.({ signal, loop });
  builder.syscall('kill', [child, signal], { onError: 'ignore' });
  builder.jump(loop);
  builder.place(onChild);
  builder.syscall('wait4', [child, data.status, 1, 0], { result: value, onError: finish });
  builder.branch(value, 'equal', 0, loop);

  builder.place(finish);
  const drained = builder.label('drained');
  const drain = builder.label('drain');
  builder.place(drain);
  copyOutput(builder, controller, output, value, drain, () => builder.jump(drained));
  builder.place(drained);
  builder.branch(relay.isTerminal, 'equal', 0, ended);
  builder.syscall('ioctl', [0, flags(TERMINAL_IOCTL, 'TCSETSW'), relay.saved], { onError: 'ignore' });
  builder.jump(ended);
}

/** Reads once from the controller and writes all of it to standard output; then goes to `next`. */
function copyOutput(
  builder: ProgramBuilder,
  controller: Slot,
  output: ReturnType<ProgramBuilder['buffer']>,
  length: Slot,
  next: Label,
  onEnd: () => void,
): void {
  const ended = builder.label('nothing to read');
  const write = builder.label('write output');
  const start = builder.scratch('output start');
  const written = builder.scratch('written');
  builder.syscall('read', [controller, output, OUTPUT_SIZE], { result: length, onError: ended });
  builder.branch(length, 'equal', 0, ended);
  builder.move(start, output);
  builder.place(write);
  // A closed standard output loses what is written to it; the command hears of it as soon as it asks its terminal.
  builder.syscall('write', [1, start, length], { result: written, onError: next });
  builder.compute(start, 'add', start, written);
  builder.compute(length, 'subtract', length, written);
  builder.branch(length, 'notEqual', 0, write);
  builder.jump(next);
  builder.place(ended);
  onEnd();
}

function timespec(nanoseconds: number): Buffer {
  const bytes = Buffer.alloc(16);
  bytes.writeBigUInt64LE(BigInt(nanoseconds), 8);
  return bytes;
}

function receiveController({ builder, controller, handover }: Lowering): void {
  const { control, message } = handoverMessage(builder);
  builder.syscall('recvmsg', [handover.monitor, message, flags(SOCKET, 'SOCK_CLOEXEC')], { onError: 'ignore' });
  builder.load(controller, 32, control, SCM_RIGHTS.descriptor);
  close(builder, handover.monitor);
}
