import { isatty } from 'node:tty';
import { currentDirectory } from '../../linux/proc-self.ts';
import { expectProject } from '../../project/find.ts';
import { loadProject } from '../../project/load.ts';
import { FollowedLog } from '../../project/service/follow.ts';
import { type LogLine, lastLines, logPath } from '../../project/service/log.ts';
import { expectServices } from '../../project/service/order.ts';
import { runningState } from '../../project/service/state.ts';
import { OutputClosedError, print } from '../../ui/output.ts';
import { ownStore } from '../spec/own-store.ts';
import { coloursLog, combinedLog } from '../up/combined-log.ts';
import { readerWatch } from './reader-gone.ts';

export interface LogOptions {
  readonly follow: boolean;
  readonly lines: number | undefined;
  readonly timestamps: boolean;
  readonly noLogPrefix: boolean;
}

const LOOK_MS = 100;

/** Shows the logs of services. Gives the exit status. Throws a ProjectError. */
export async function showLogs(names: readonly string[], options: LogOptions): Promise<number> {
  const project = await loadProject(expectProject(currentDirectory()));
  const shown = expectServices(project.services, names).map(({ name }) => name);
  const store = ownStore();
  const { directory } = project;
  const lineOf = combinedLog({
    names: [...project.services.keys()],
    shown,
    prefix: !options.noLogPrefix,
    colour: coloursLog(isatty(1)),
  });
  const show = (lines: readonly LogLine[]): void => {
    const texts = lines.map(({ service, time, text }) =>
      lineOf(service, options.timestamps ? `${new Date(time).toISOString()} ${text}` : text),
    );
    if (texts.length > 0) print(texts.join(''));
  };
  const logs = shown.map((name) => new FollowedLog(logPath(store, directory, name), name));
  const isUp = (): boolean => runningState(store, directory) !== undefined;
  let goesOn = options.follow && isUp();
  show(
    lastLines(
      logs.map((log) => log.begin()),
      options.lines ?? Number.POSITIVE_INFINITY,
    ),
  );
  const isReaderGone = goesOn ? readerWatch() : () => false;
  while (goesOn) {
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    // Looked at before the files: what was written last is shown in any case.
    goesOn = isUp();
    // Services may be silent for long: `logs -f | head` is not to wait for their next line.
    if (isReaderGone()) throw new OutputClosedError('the output is closed');
    show(
      lastLines(
        logs.map((log) => log.more()),
        Number.POSITIVE_INFINITY,
      ),
    );
  }
  return 0;
}
