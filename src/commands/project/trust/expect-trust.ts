import { isTerminal } from '../../../linux/terminal.ts';
import { ProjectError } from '../../../project/error.ts';
import { LOCAL_FILE, PROJECT_FILE } from '../../../project/find.ts';
import type { Environment, Project } from '../../../project/model.ts';
import { isTrusted, setTrusted } from '../../../project/trust/record.ts';
import { allDemands, demandsOfProject, type Owner } from './demands.ts';

/**
 * Lets pass what asks for nothing that takes trust, and what the user trusts; else asks on a terminal, and refuses elsewhere.
 * Gives the digest that is trusted, undefined where none is. Throws a ProjectError of code UNTRUSTED.
 */
export async function expectTrust(
  project: Project,
  environment: Environment,
  owner: Owner,
): Promise<string | undefined> {
  const { directory, digest } = project;
  const demands = await allDemands(project, environment, owner);
  if (isTrusted(owner.store, directory, digest, demands)) return digest;
  if (demands.length === 0) return undefined;
  if (!(await isAllowed(project, owner))) throw untrusted(directory, demands);
  return digest;
}

/** The error for demands that are not trusted. */
export function untrusted(directory: string, demands: readonly string[]): ProjectError {
  const shown = /^[A-Za-z0-9_.,/-]+$/.test(directory) ? directory : JSON.stringify(directory);
  const list = demands.map((demand) => `\n  - ${demand}`).join('');
  return new ProjectError('UNTRUSTED', `${directory}/${PROJECT_FILE} is not trusted, and asks for${list}`, {
    hint: `read it, and then \`sandbox trust ${shown}\` gives it that`,
  });
}

/** Gives which files are trusted, and for what, as people read it. */
export function trustText({ files }: Pick<Project, 'files'>, demands: readonly string[]): string {
  const names = files.map((file) => file.slice(file.lastIndexOf('/') + 1)).join(` and `);
  const asks = `${names} ${files.length === 1 ? 'asks' : 'ask'} for`;
  if (demands.length === 0) return `${asks} nothing that takes trust\n`;
  return `${asks}\n${demands.map((demand) => `  - ${demand}\n`).join('')}`;
}

/** Asks whoever sits at the terminal. Without one the answer is no: nobody has read the question. */
async function isAllowed(project: Project, owner: Owner): Promise<boolean> {
  if (!isTerminal(0) || !isTerminal(2)) return false;
  const [{ isConfirmed }, { printError }, { printable }] = await Promise.all([
    import('../../../ui/confirm.ts'),
    import('../../../ui/output.ts'),
    import('../../../ui/printable.ts'),
  ]);
  const { directory, digest } = project;
  const demands = await demandsOfProject(project, owner);
  printError(printable(`The project ${JSON.stringify(directory)} is not trusted yet.\n${trustText(project, demands)}`));
  if (!isConfirmed(`Trust it, as long as ${PROJECT_FILE} and ${LOCAL_FILE} stay as they are?`)) return false;
  setTrusted(owner.store, { directory, digest, demands });
  return true;
}
