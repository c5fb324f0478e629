import { didYouMean } from '../../config/did-you-mean.ts';
import type { Draft } from '../../project/init/draft.ts';
import type { DraftCommand } from '../../project/init/findings.ts';
import { environmentKeys } from '../../project/schema/environment.ts';
import { printError } from '../../ui/output.ts';
import { printable } from '../../ui/printable.ts';
import { ask } from '../login/prompt.ts';

/** Asks until an answer will do; nothing typed means the default. Throws a UsageError where the user gives up. */
async function asked<Answer>(question: string, understand: (typed: string) => Answer | string): Promise<Answer> {
  for (;;) {
    const answer = understand((await ask(printable(question), { echo: true })).trim());
    if (typeof answer !== 'string') return answer;
    printError(`  ${printable(answer)}\n`);
  }
}

/** Which image it begins with. */
export async function askImage(suggested: string, reason: string | undefined): Promise<string> {
  const why = reason === undefined ? '' : ` (${reason})`;
  const { name } = await asked(`Image${why} [${suggested}]: `, (typed) => {
    if (typed === '') return { name: suggested };
    const { error } = environmentKeys.image.safeParse(typed);
    return error === undefined ? { name: typed } : `expected ${error.issues[0]?.message}`;
  });
  return name;
}

/** Which of the commands that were found are wanted, and which packages besides. */
export async function askDraft(draft: Draft): Promise<Draft> {
  const commands = draft.commands.length === 0 ? [] : await askCommands(draft.commands);
  const present = draft.packages.join(', ') || 'none';
  const more = await asked(`More packages than ${present} [none]: `, (typed) => {
    const names = typed.split(/[\s,]+/).filter((name) => name !== '');
    const { error } = environmentKeys.packages.safeParse(names);
    return error === undefined ? names : `expected ${error.issues[0]?.message}`;
  });
  const packages = [...new Set([...draft.packages, ...more])].sort();
  const caches = packages.length > 0 && draft.isDebian ? [...new Set(['apt', ...draft.caches])] : draft.caches;
  return { ...draft, commands, packages, caches };
}

async function askCommands(found: readonly DraftCommand[]): Promise<readonly DraftCommand[]> {
  const names = found.map(({ name }) => name);
  const chosen = await asked(`Commands, or none [${names.join(' ')}]: `, (typed) => {
    if (typed === '') return names;
    if (typed === 'none') return [];
    const words = typed.split(/[\s,]+/);
    const unknown = words.find((word) => !names.includes(word));
    if (unknown === undefined) return words;
    const nearest = didYouMean(unknown, names);
    return `${unknown} is none of them${nearest === undefined ? '' : `: did you mean ${nearest}?`}`;
  });
  return found
    .filter(({ name }) => chosen.includes(name))
    .map((each) => ({ ...each, requires: each.requires.filter((name) => chosen.includes(name)) }));
}
