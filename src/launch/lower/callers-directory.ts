import type { SetupOp } from '../operations.ts';
import { expectBeginning } from './begins-with.ts';
import type { Lowering } from './context.ts';

type Operation<Name extends SetupOp['op']> = Extract<SetupOp, { op: Name }>;

/** PATH_MAX of include/uapi/linux/limits.h, which is also what getcwd(2) gives at most. */
const PATH_MAX = 4096;

/** Where the caller stands, before the monitor goes elsewhere; empty where that cannot be told. */
export function rememberDirectory({ builder, callersDirectory }: Lowering): void {
  const buffer = builder.buffer(PATH_MAX, '&directory');
  builder.syscall('getcwd', [buffer, PATH_MAX], { onError: 'ignore' });
  builder.move(callersDirectory, buffer);
}

/**
 * Goes, in the sandbox, to the path at which the caller stood on the host, if that is in `within`, which is shown at its own path;
 * else there. Whatever lies at the path inside is what counts: nothing of the host is opened.
 */
export function enterCallersDirectory(
  { builder, callersDirectory }: Lowering,
  { within, fallback }: Operation<'enterCallersDirectory'>,
): void {
  const at = builder.scratch('directory');
  const wanted = builder.scratch('wanted');
  const letter = builder.scratch('letter');
  const go = builder.label('directory is inside');
  const elsewhere = builder.label('directory is outside');
  const nowhere = builder.label('directory is missing');
  const done = builder.label('directory changed');
  builder.move(at, callersDirectory);
  builder.move(wanted, builder.string(within));
  expectBeginning(builder, at, wanted, elsewhere);
  builder.load(letter, 8, at, 0);
  builder.branch(letter, 'equal', 0, go);
  builder.branch(letter, 'notEqual', '/'.charCodeAt(0), elsewhere);
  builder.place(go);
  builder.syscall('chdir', [callersDirectory], { onError: elsewhere });
  builder.jump(done);
  builder.place(elsewhere);
  builder.syscall('chdir', [builder.string(within)], { onError: nowhere });
  builder.jump(done);
  builder.place(nowhere);
  builder.syscall('chdir', [builder.string(fallback)], { onError: 'ignore' });
  builder.place(done);
}
