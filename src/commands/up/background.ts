import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { ownCommand } from '../../linux/own-command.ts';
import { ProjectError } from '../../project/error.ts';
import type { ServiceEvent } from '../../project/service/work.ts';
import { note } from '../../ui/output.ts';
import { stopSignals } from './stop-signals.ts';
import type { BackgroundWishes, UpTask } from './task.ts';

/** What `__up` tells until all are ready. */
export type BackgroundMessage =
  | { readonly kind: 'event'; readonly event: ServiceEvent }
  | { readonly kind: 'note'; readonly line: string }
  | { readonly kind: 'ready' }
  /** Somebody else has begun to attend to them. */
  | { readonly kind: 'busy' }
  | { readonly kind: 'failed'; readonly message: string; readonly hint?: string };

/**
 * Has a process in a session of its own bring services up, and stays until they are ready. Gives the exit status, undefined
 * where somebody else has begun to attend to them. Throws a ProjectError where they do not get ready.
 */
export async function upInBackground(
  wishes: BackgroundWishes,
  onEvent: (event: ServiceEvent) => void,
): Promise<number | undefined> {
  const [program = '', ...words] = ownCommand('__up');
  const child = spawn(program, [...words, JSON.stringify({ kind: 'attend', ...wishes } satisfies UpTask)], {
    cwd: wishes.directory,
    detached: true,
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  let failure: ProjectError | undefined;
  const signals = stopSignals(() => child.kill('SIGTERM'));
  signals.stop.addEventListener('abort', () => child.kill(signals.by() ?? 'SIGTERM'));
  try {
    return await new Promise<number | undefined>((resolve, reject) => {
      child.on('message', (message: BackgroundMessage) => {
        if (message.kind === 'event') onEvent(message.event);
        else if (message.kind === 'note') note(message.line);
        else if (message.kind === 'ready') resolve(0);
        else if (message.kind === 'busy') resolve(undefined);
        else failure = new ProjectError('SERVICE', message.message, { hint: message.hint });
      });
      child.once('error', reject);
      child.once('close', (status, signal) => {
        const by = signals.by();
        if (failure !== undefined) reject(failure);
        // It may not have been able to take it for what it is yet.
        else if (by !== undefined) resolve(128 + constants.signals[by]);
        else if (status !== null) resolve(status);
        else reject(new ProjectError('SERVICE', `the process that was to attend to the services ended by ${signal}`));
      });
    });
  } finally {
    signals.release();
    if (child.connected) child.disconnect();
    child.unref();
  }
}
