import { currentDirectory } from '../../../linux/proc-self.ts';
import { expectProject, findProject } from '../../../project/find.ts';
import type { Variable } from '../../../project/model.ts';
import type { OptionValues } from '../../arguments/option.ts';
import type { sandboxOptions } from '../../options/sandbox-options.ts';
import { orInterrupted } from '../../spec/or-interrupted.ts';
import { outlineOf } from '../list/outline-here.ts';

/** What was typed of a command of the project. */
export interface CommandWishes {
  readonly name: string;
  /** Its arguments. */
  readonly words: readonly string[];
  /** Of its sandbox, and of those of the commands that it requires. */
  readonly options: OptionValues<typeof sandboxOptions>;
  readonly frozen: boolean;
  /** `--only`. */
  readonly only: readonly Variable[];
  readonly watch: boolean;
}

/** Runs a command of the project here and gives the exit status, unless it becomes its sandbox. Throws a ProjectError. */
export async function doHere(wishes: CommandWishes): Promise<number> {
  const directory = expectProject(currentDirectory());
  return await orInterrupted(async () => {
    if (wishes.watch) {
      const { watchCommand } = await import('./watch.ts');
      return await watchCommand(directory, wishes);
    }
    const [outline, { runCommand }] = await Promise.all([outlineOf(directory), import('./run.ts')]);
    return await runCommand(outline, wishes);
  });
}

/** Gives the names of the commands of the project here; without a project there are none. Throws a ProjectError. */
export async function commandsHere(): Promise<readonly string[]> {
  const directory = findProject(currentDirectory());
  return directory === undefined ? [] : [...(await outlineOf(directory)).commands.keys()];
}
