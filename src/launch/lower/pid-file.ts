import { close, HERE, type Lowering, openFlags } from './context.ts';
import { decimal } from './decimal.ts';

/** Where others find init: for `ps`, `rm` and a second `shell`. */
export function writePid(lowering: Lowering): void {
  const { builder } = lowering;
  const skip = builder.label('no directory');
  const file = builder.scratch('pid file');
  builder.branch(lowering.entered, 'equal', 0, skip);
  const digits = decimal(builder, lowering.child);
  builder.syscall(
    'openat',
    [HERE, builder.string('pid'), openFlags(builder, 'O_WRONLY', 'O_CREAT', 'O_TRUNC'), 0o600],
    { result: file, onError: skip },
  );
  builder.syscall('write', [file, digits.start, digits.length], { onError: 'ignore' });
  close(builder, file);
  builder.place(skip);
}
