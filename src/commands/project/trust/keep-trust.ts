import { surveyHost } from '../../../host/survey.ts';
import { PROJECT_FILE } from '../../../project/find.ts';
import type { Project } from '../../../project/model.ts';
import { isTrusted, setTrusted } from '../../../project/trust/record.ts';
import { note } from '../../../ui/output.ts';
import { demandsOfProject } from './demands.ts';

/** Digests of a project's files (Project.digest): as they were read, and what we have made of just these. */
export interface OwnEdit {
  readonly before: string;
  readonly after: string;
}

/**
 * Lets trust go on where we have changed sandbox.toml ourselves, as the user has typed it, and it asks for nothing that was not
 * trusted before. Takes the project as it was loaded after that. `after` was computed from the bytes that we wrote, not from the
 * file: what somebody else has put there before our edit was not trusted, and what somebody puts there after it has another
 * digest.
 */
export async function keepTrust(project: Project, { before, after }: OwnEdit): Promise<void> {
  const { directory } = project;
  const facts = surveyHost();
  const { store } = facts;
  if (project.digest !== after || !isTrusted(store, directory, before)) return;
  const demands = await demandsOfProject(project, facts);
  if (isTrusted(store, directory, before, demands)) setTrusted(store, { directory, digest: after, demands });
  else note(`${PROJECT_FILE} asks for more than you trusted: \`sandbox trust\` shows it, and gives it that`);
}
