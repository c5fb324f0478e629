import { didYouMean } from '../../../config/did-you-mean.ts';
import { ProjectError } from '../../../project/error.ts';
import type { ProjectCommand } from '../../../project/model.ts';
import type { Outline } from '../../../project/outline.ts';

/** Gives the command of a name. Throws a ProjectError. */
export function commandOf({ commands }: Pick<Outline, 'commands'>, name: string): ProjectCommand {
  const found = commands.get(name);
  if (found !== undefined) return found;
  const names = [...commands.keys()];
  const nearest = didYouMean(name, names);
  const all = names.length === 0 ? 'it has none: [command.NAME] makes one' : `it has ${names.join(', ')}`;
  throw new ProjectError('UNKNOWN', `sandbox.toml has no command ${JSON.stringify(name)}`, {
    hint: nearest === undefined ? all : `did you mean ${nearest}?`,
  });
}

/**
 * Gives a command and all that it requires, in the order to run them: each once, behind what it requires, otherwise as they
 * are listed. The command itself is the last one. Throws a ProjectError, of code CYCLE where one requires itself.
 */
export function inOrder(project: Pick<Outline, 'commands'>, name: string): ProjectCommand[] {
  const done = new Map<string, ProjectCommand>();
  const visit = (current: string, above: readonly string[]): void => {
    if (done.has(current)) return;
    if (above.includes(current)) {
      const circle = [...above.slice(above.indexOf(current)), current].join(' → ');
      throw new ProjectError('CYCLE', `commands that require each other: ${circle}`, {
        hint: 'take one of them out of the `requires` of another',
      });
    }
    const command = commandOf(project, current);
    for (const required of command.requires) visit(required, [...above, current]);
    done.set(current, command);
  };
  visit(name, []);
  return [...done.values()];
}
