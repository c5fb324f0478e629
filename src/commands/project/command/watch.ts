import { LOCAL_FILE, PROJECT_FILE } from '../../../project/find.ts';
import type { Outline } from '../../../project/outline.ts';
import { note } from '../../../ui/output.ts';
import { reportFailure } from '../../../ui/report.ts';
import { UsageError } from '../../arguments/usage-error.ts';
import { outlineOf } from '../list/outline-here.ts';
import { type Ending, endings } from './endings.ts';
import type { CommandWishes } from './here.ts';
import { inOrder } from './order.ts';
import { runAgain } from './run.ts';
import { withServicesOf } from './services.ts';
import { watchFiles } from './watch-files.ts';

/** For a command to end by the Ctrl-C that has reached it too. */
const PATIENCE_MS = 3000;

/** Gives what the patterns of a command and of those that it requires mean. Throws UsageError where there are none. */
export function watchedPatterns(project: Pick<Outline, 'commands'>, name: string): string[] {
  const patterns = inOrder(project, name).flatMap(({ watch }) => watch);
  if (patterns.length > 0) return [...new Set(patterns)];
  throw new UsageError(`--watch: the command ${name} does not say which files to watch`, {
    hint: `for example, in [command.${name}] of sandbox.toml: watch = ["src/**"]`,
  });
}

/**
 * Runs a command, and again whenever one of its files changes, or sandbox.toml: what runs by then is ended first. Ends by a
 * signal only, and gives 128+N. What fails is told, and the next change is waited for. Throws for a sandbox.toml that has
 * faults from the beginning, for a command that is not there, and where there is nothing to watch.
 */
export async function watchCommand(directory: string, wishes: CommandWishes): Promise<number> {
  const outline = await outlineOf(directory);
  const patterns = watchedPatterns(outline, wishes.name);
  // Once for all of it: they are not started again with each change.
  return await withServicesOf(outline, wishes, async () => await repeat(outline, patterns, wishes));
}

/** What decides what is run counts like the files that it names. */
const OF_PROJECT = [PROJECT_FILE, LOCAL_FILE];

async function repeat(first: Outline, itsPatterns: readonly string[], wishes: CommandWishes): Promise<number> {
  const { directory } = first;
  let patterns = itsPatterns;
  const ending = endings();
  try {
    for (;;) {
      // Watched from before they are read on: what changes in between is not lost.
      using ofProject = watchFiles(directory, OF_PROJECT);
      const project = await orTold(async () => await outlineOf(directory));
      patterns = (project && (await orTold(async () => watchedPatterns(project, wishes.name)))) ?? patterns;
      using files = watchFiles(directory, patterns);
      const isOver = await round(project, wishes, Promise.race([files.changed, ofProject.changed]), ending);
      if (isOver) return ending.status ?? 0;
    }
  } finally {
    ending.close();
  }
}

/**
 * Runs the command until it ends and something changes; says whether all is to end. A build that is under way goes on to its end,
 * and the command is not started then, as it would be out of date.
 */
async function round(
  project: Outline | undefined,
  wishes: CommandWishes,
  changed: Promise<string>,
  ending: Ending,
): Promise<boolean> {
  const stale = new AbortController();
  const signal = AbortSignal.any([stale.signal, ending.signal]);
  const run = async (): Promise<void> => {
    const status = project && (await orTold(async () => await runAgain(project, wishes, signal)));
    if (signal.aborted || ending.status !== undefined) return;
    const ended = status === undefined ? '' : `${wishes.name} ended with status ${status}: `;
    note(`${ended}waiting for a change`);
  };
  const running = run();
  const first = await Promise.race([changed, ending.asked]);
  const hasChanged = typeof first === 'string';
  if (hasChanged) note(`${first} has changed`);
  const patience = setTimeout(() => stale.abort(), hasChanged ? 0 : PATIENCE_MS);
  await running;
  clearTimeout(patience);
  return !hasChanged || ending.status !== undefined;
}

async function orTold<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    // Ctrl-C while an image is pulled or a step is run: it is no failure, and heard by `endings` too.
    if (!(error instanceof Error && 'code' in error && error.code === 'INTERRUPTED')) reportFailure(error);
    return undefined;
  }
}
