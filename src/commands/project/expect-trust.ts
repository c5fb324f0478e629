import type { HostFacts } from '../../host/facts.ts';
import type { Environment, Project } from '../../project/model.ts';
import { demandsOf, isTrusted } from '../../project/trust/trust.ts';

/**
 * Lets pass what asks for nothing that takes trust, and what the user trusts; else asks on a terminal, and refuses elsewhere.
 * Gives the digest that is trusted, undefined where none is. Throws a ProjectError of code UNTRUSTED.
 */
export async function expectTrust(
  project: Project,
  environment: Environment,
  { store, home }: Pick<HostFacts, 'store' | 'home'>,
): Promise<string | undefined> {
  const trusted = isTrusted(store, project.directory, project.digest);
  demandsOf(project, environment, home);
  return trusted ? project.digest : undefined;
}
