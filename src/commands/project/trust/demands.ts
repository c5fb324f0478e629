import type { HostFacts } from '../../../host/facts.ts';
import type { Environment, Project } from '../../../project/model.ts';
import { demandsOf } from '../../../project/trust/trust.ts';
import { ownConfig } from '../../spec/own-config.ts';
import { profileOfProject } from '../../spec/profile.ts';
import { workspaceFor } from '../../spec/workspace.ts';

/** Whose home and store an environment is to be kept from. */
export type Owner = Pick<HostFacts, 'store' | 'home'>;

/**
 * Gives all that an environment asks for and that takes trust: what its file says, and what it would mean here. Throws a
 * ConfigError.
 */
export async function allDemands(project: Project, environment: Environment, { home }: Owner): Promise<string[]> {
  return [
    ...demandsOf(project, environment, home),
    ...demandsOfPlace(project, home),
    ...(await demandsAgainstConfig(project, environment, home)),
  ];
}

/** The same of all environments, each sentence once. */
export async function demandsOfProject(project: Project, owner: Owner): Promise<string[]> {
  const each = await Promise.all(
    [...project.environments.values()].map((environment) => allDemands(project, environment, owner)),
  );
  return [...new Set(each.flat())];
}

/** A file that got into a home or into /tmp, out of an archive perhaps, would make all of that a project. */
function demandsOfPlace({ directory }: Pick<Project, 'directory'>, home: string): string[] {
  const { workspace } = workspaceFor(undefined, directory, home);
  const shown = JSON.stringify(directory);
  return workspace.kind === 'none' ? [`all of ${shown}, which is more than a project's directory`] : [];
}

/** Where config.toml says which profile counts in a directory, what lies there may not take another one. */
async function demandsAgainstConfig(
  { directory }: Project,
  { profile, network, workspace }: Environment,
  home: string,
): Promise<string[]> {
  const own = profileOfProject(await ownConfig(), directory, home);
  if (own === undefined) return [];
  const instead = `in place of what your profile ${own} has for this directory`;
  return [
    ...(profile === undefined || profile === own || profile === 'strict' ? [] : [`the profile ${profile} ${instead}`]),
    ...(network === 'host' ? [`the network of this machine ${instead}`] : []),
    ...(workspace === undefined || workspace === 'ro' ? [] : [`its directory as workspace (${workspace}) ${instead}`]),
  ];
}
