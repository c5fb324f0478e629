import type { SetupOp } from '../operations.ts';
import { environment } from './callers-words.ts';
import { HERE, type Lowering } from './context.ts';
import { awaitProgram, startProgram } from './program.ts';

/** In the user namespace, where the owners of the layers' files exist; Ctrl-C at the terminal ends it, and so the start. */
export function copyLayers(lowering: Lowering, operation: Extract<SetupOp, { op: 'copyLayers' }>): void {
  const { lower, directory } = operation;
  const helper = [...operation.helper, ...(operation.sync ? ['--sync'] : [])];
  const { builder } = lowering;
  const missing = builder.label('no copy yet');
  const done = builder.label('copied');
  // Of a sandbox that is opened again.
  builder.syscall('faccessat', [HERE, builder.string(directory), 0], { onError: missing });
  builder.jump(done);
  builder.place(missing);
  const pid = builder.scratch('copier');
  const text = JSON.stringify([...helper, directory, `${lower.length} layers`]);
  const program = { argv: [...helper, directory, ...lower], environment: environment(builder), text };
  startProgram(lowering, program, pid, () => {});
  awaitProgram(lowering, pid);
  builder.place(done);
}
