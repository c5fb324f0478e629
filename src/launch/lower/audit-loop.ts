import {
  COUNTER_SIZE,
  COUNTERS,
  HEAD,
  KIND,
  MOST_RECORDS,
  MOST_REFUSED_RECORDS,
  RECORD,
  RECORD_SIZE,
} from '../../linux/audit-log.ts';
import { POLL } from '../../linux/constants/descriptor.ts';
import { AUDIT_ARCH, SECCOMP_NOTIFY } from '../../linux/constants/seccomp.ts';
import { failedWith, flags, type Label, type Pointer, type Slot } from '../argument.ts';
import type { ProgramBuilder } from '../builder.ts';
import { type Auditing, LISTENER, LOG } from './audit-context.ts';
import { type Learned, noteArguments, readAddress, readPath, shapeTable } from './audit-text.ts';
import { type Filter, verdict } from './audit-verdict.ts';

/** struct seccomp_notif; the kernel wants it zeroed. */
const NOTIFICATION_SIZE = 80;
/** Hashes of what is written down already; what has been thrown out of it is written again. */
const REMEMBERED = 8192;

/** Which calls go on, and of which the arguments are written down. */
interface Task {
  readonly verdicts: Filter;
  readonly learns: Learned;
}

/**
 * Answers calls until nobody is left who could make one. Where it is ended, the kernel answers them with ENOSYS, so none
 * is let through. Each is written down before it is answered, and what is written down decides nothing: the answer
 * follows from the number and the arguments, which the kernel has copied, and not from memory that the process may change.
 */
export function auditorLoop(builder: ProgramBuilder, { verdicts, learns }: Task, counters: Slot): void {
  const record = builder.buffer(RECORD_SIZE, '&record');
  const poll = builder.data(Buffer.from([LISTENER, 0, 0, 0, POLL.POLLIN, 0, 0, 0]), '{listener, POLLIN}');
  const [hash, kind, errno, goesOn] = ['hash', 'kind', 'verdict', 'goes on'].map((name) => builder.slot(name)) as [
    Slot,
    Slot,
    Slot,
    Slot,
  ];
  const [index, value, counter] = [builder.slot('index'), builder.slot('value'), builder.slot('counter')];
  const loop = builder.label('next call');
  const ended = builder.label('nobody is left');
  const receive = builder.label('receive');
  const answer = builder.label('answer');
  const auditing: Auditing = { builder, record, hash, kind };

  builder.place(loop);
  for (let offset = 0; offset < NOTIFICATION_SIZE; offset += 8) builder.store(64, record, offset, 0);
  builder.syscall('ppoll', [poll, 1, 0, 0, 8], { onError: loop });
  builder.load(value, 32, poll, 4);
  builder.compute(value, 'shiftRight', value, 16);
  builder.compute(value, 'and', value, POLL.POLLIN);
  builder.branch(value, 'notEqual', 0, receive);
  builder.jump(ended);
  builder.place(receive);
  const again = builder.label('cannot receive');
  const received = builder.label('received');
  builder.syscall('ioctl', [LISTENER, flags(SECCOMP_NOTIFY, 'SECCOMP_IOCTL_NOTIF_RECV'), record], { onError: again });
  builder.jump(received);
  builder.place(again);
  // The process has ended meanwhile.
  for (const name of ['ENOENT', 'EINTR']) builder.branch(builder.outcome, 'equal', failedWith(name), loop);
  builder.jump(ended);
  builder.place(received);

  verdict(builder, verdicts, builder.behind(record, RECORD.number), { errno, goesOn });
  indexOf(builder, record, index);
  builder.compute(counter, 'multiply', index, COUNTER_SIZE);
  builder.compute(counter, 'add', counter, counters);
  increment(builder, counter, HEAD.counters, value);
  builder.store(32, record, RECORD.errno, errno);
  builder.store(64, record, RECORD.kind, 0);
  builder.store(32, record, RECORD.found, 0);
  builder.move(kind, KIND.nothing);
  describe(auditing, index, learns);
  decideRecord(auditing, { errno, counter, counters, value }, answer, loop);
  builder.place(answer);
  const response = builder.buffer(24, '&response');
  builder.load(value, 64, record, 0);
  builder.store(64, response, 0, value);
  builder.store(64, response, 8, 0);
  builder.compute(value, 'subtract', 0, errno);
  builder.store(32, response, 16, value);
  builder.store(32, response, 20, goesOn);
  builder.syscall('ioctl', [LISTENER, flags(SECCOMP_NOTIFY, 'SECCOMP_IOCTL_NOTIF_SEND'), response], {
    onError: 'ignore',
  });
  builder.jump(loop);
  builder.place(ended);
  builder.syscall('exit_group', [0], { onError: 'ignore' });
}

/** The counter of a call: its number, or the last one where it has none of this architecture. */
function indexOf(builder: ProgramBuilder, record: Pointer, index: Slot): void {
  const arch = builder.scratch('arch');
  const expected = builder.slot('expected arch', BigInt(AUDIT_ARCH[builder.arch]));
  const other = builder.label('another number');
  const done = builder.label('index is known');
  builder.load(arch, 32, record, RECORD.arch);
  builder.branch(arch, 'notEqual', expected, other);
  builder.load(index, 32, record, RECORD.number);
  builder.branch(index, 'less', COUNTERS - 1, done);
  builder.place(other);
  builder.move(index, COUNTERS - 1);
  builder.place(done);
}

function increment(builder: ProgramBuilder, base: Slot, offset: number, value: Slot): void {
  builder.load(value, 32, base, offset);
  builder.compute(value, 'add', value, 1);
  builder.store(32, base, offset, value);
}

/** Reads what the call's argument points to into the record. */
function describe(auditing: Auditing, index: Slot, learns: Learned): void {
  const { builder, record, hash } = auditing;
  const shape = builder.slot('shape');
  const pointer = builder.slot('pointer');
  const values = builder.label('arguments');
  const path = builder.label('path');
  const described = builder.label('described');
  builder.compute(hash, 'multiply', index, 0x9e3b);
  builder.compute(shape, 'shiftLeft', index, 2);
  builder.load(shape, 32, shapeTable(builder, learns), shape);
  builder.branch(shape, 'equal', 0, described);
  const what = builder.scratch('kind of shape');
  builder.compute(what, 'and', shape, 0xff);
  builder.branch(what, 'equal', KIND.arguments, values);
  builder.compute(pointer, 'shiftRight', shape, 8);
  builder.compute(pointer, 'and', pointer, 0xff);
  builder.load(pointer, 64, record, pointer);
  builder.branch(pointer, 'equal', 0, described);
  builder.branch(what, 'equal', KIND.path, path);
  readAddress(auditing, shape, pointer, described);
  builder.jump(described);
  builder.place(path);
  readPath(auditing, shape, pointer, described);
  builder.jump(described);
  builder.place(values);
  noteArguments(auditing, shape);
  builder.place(described);
}

/** Writes the record down unless there is nothing in it, it is down already, or there is no room. */
function decideRecord(
  { builder, record, hash, kind }: Auditing,
  { errno, counter, counters, value }: { errno: Slot; counter: Slot; counters: Slot; value: Slot },
  answer: Label,
  loop: Label,
): void {
  const refused = builder.label('refused');
  const write = builder.label('write down');
  const full = builder.label('no room');
  const written = builder.slot('records');
  const remembered = builder.buffer(REMEMBERED * 8, '&remembered');
  const place = builder.scratch('place');
  const seen = builder.scratch('seen');
  builder.branch(errno, 'notEqual', 0, refused);
  builder.branch(kind, 'equal', KIND.nothing, answer);
  builder.compute(place, 'shiftRight', hash, 24);
  builder.compute(place, 'and', place, REMEMBERED - 1);
  builder.compute(place, 'multiply', place, 8);
  builder.load(seen, 64, remembered, place);
  builder.branch(seen, 'equal', hash, answer);
  builder.store(64, remembered, place, hash);
  builder.jump(write);
  builder.place(refused);
  increment(builder, counter, HEAD.counters + 4, value);
  builder.branch(value, 'greaterOrEqual', MOST_REFUSED_RECORDS + 1, answer);
  builder.place(write);
  // What was read is another process's memory where this one has ended: then nobody waits for an answer.
  builder.syscall('ioctl', [LISTENER, flags(SECCOMP_NOTIFY, 'SECCOMP_IOCTL_NOTIF_ID_VALID'), record], {
    onError: loop,
  });
  builder.branch(written, 'greaterOrEqual', MOST_RECORDS, full);
  builder.compute(written, 'add', written, 1);
  builder.syscall('write', [LOG, record, RECORD_SIZE], { onError: full });
  builder.jump(answer);
  builder.place(full);
  increment(builder, counters, HEAD.dropped, value);
}
