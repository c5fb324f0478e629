import { isatty } from 'node:tty';
import type { Project } from '../../project/model.ts';
import type { ServiceEvent } from '../../project/service/work.ts';
import { isOutputClosed, note, print } from '../../ui/output.ts';
import { coloursLog, combinedLog } from './combined-log.ts';

export interface ShowOptions {
  readonly project: Project;
  /** Names of the services that are brought up. */
  readonly shown: readonly string[];
  readonly prefix: boolean;
  /** Nobody reads the output any more. */
  readonly onClosed: () => void;
}

/** Gives what shows events of services: their output on standard output, all else on standard error. */
export function showEvents({ project, shown, prefix, onClosed }: ShowOptions): (event: ServiceEvent) => void {
  const names = [...project.services.keys()];
  const lineOf = combinedLog({ names, shown, prefix, colour: coloursLog(isatty(1)) });
  let isClosed = false;
  return (event) => {
    const line = describeEvent(event);
    if (line !== undefined) note(line);
    if (event.kind !== 'line' || isClosed) return;
    try {
      print(lineOf(event.service, event.text));
    } catch (error) {
      // Also the EIO of a terminal that is gone: services are to end in order, and not with this process.
      isClosed = true;
      if (!isOutputClosed(error)) note('the output cannot be written: the services are stopped');
      onClosed();
    }
  };
}

function describeEvent(event: ServiceEvent): string | undefined {
  switch (event.kind) {
    case 'line':
    case 'starting':
      return undefined;
    case 'ready':
      return event.seconds === undefined
        ? `${event.service} is started`
        : `${event.service} is ready after ${event.seconds.toFixed(1)} s`;
    case 'stopping':
      return `stopping ${event.service}`;
    case 'ended':
      return event.asked ? undefined : `${event.service} has ended with status ${event.status}`;
  }
}
