import { lstatSync } from 'node:fs';
import { isatty } from 'node:tty';
import { fsPath } from '../../linux/paths.ts';
import { currentDirectory } from '../../linux/proc-self.ts';
import { cannotWrite } from '../../project/edit/edit-file.ts';
import { findProject, PROJECT_FILE } from '../../project/find.ts';
import { findingsIn, type TemplateName } from '../../project/init/detect.ts';
import { draftOf, suggestedImage } from '../../project/init/draft.ts';
import { ignoreOwnFiles } from '../../project/init/gitignore.ts';
import { writeToml } from '../../project/init/write-toml.ts';
import { loadProject } from '../../project/load.ts';
import { replaceInProject, whileWriting } from '../../project/lock/writing.ts';
import { environmentKeys } from '../../project/schema/environment.ts';
import { note, print } from '../../ui/output.ts';
import { printable } from '../../ui/printable.ts';
import { UsageError, unexpected } from '../arguments/usage-error.ts';
import { ownStore } from '../spec/own-store.ts';
import { askDraft, askImage } from './questions.ts';

interface Wishes {
  readonly image: string | undefined;
  readonly template: TemplateName | undefined;
  readonly yes: boolean;
  readonly force: boolean;
}

/** Writes sandbox.toml for the current directory. Throws a UsageError where there is one, and ProjectErrors. */
export async function initProject({ image: typed, template, yes, force }: Wishes): Promise<number> {
  const directory = currentDirectory();
  const path = `${directory}/${PROJECT_FILE}`;
  const isThere = lstatSync(fsPath(path), { throwIfNoEntry: false }) !== undefined;
  if (isThere && !force) {
    throw new UsageError(`there is a ${PROJECT_FILE} here already`, {
      hint: 'edit it, or have it replaced with --force',
    });
  }
  const { error } = environmentKeys.image.safeParse(typed ?? 'debian');
  if (typed !== undefined && error !== undefined) throw unexpected(error.issues[0]?.message ?? 'an image', typed);
  const above = isThere ? undefined : findProject(directory);
  if (above !== undefined) note(`${above} has a ${PROJECT_FILE}, too: the one here counts from here on`);

  const findings = findingsIn(directory, template);
  const found = findings.flatMap(({ files }) => files);
  print(found.length > 0 ? `found ${found.map(printable).join(', ')}\n` : '');
  const isAsked = !yes && isatty(0) && isatty(2);
  const suggested = suggestedImage(findings);
  const image = typed ?? (isAsked ? await askImage(suggested.name, suggested.reason) : suggested.name);
  const draft = draftOf(projectName(directory), findings, image);
  const text = writeToml(isAsked ? await askDraft(draft) : draft);
  await whileWriting(ownStore(), directory, async () => {
    try {
      replaceInProject(directory, PROJECT_FILE, Buffer.from(text, 'utf8'));
    } catch (cause) {
      throw cannotWrite(path, cause);
    }
  });
  await loadProject(directory);
  const ignored = ignoreOwnFiles(directory);
  print(`wrote ${PROJECT_FILE}${ignored.length > 0 ? `, and ${ignored.join(' and ')} to .gitignore` : ''}\n`);
  note('`sandbox` lists what is in it, `sandbox shell` builds it and opens a shell');
  return 0;
}

/** The directory's name; one that is no text stays out of the file. */
function projectName(directory: string): string {
  const name = directory.slice(directory.lastIndexOf('/') + 1).replace(/[\p{Cc}\p{Cs}]+/gu, '-');
  return name.slice(0, 64) || 'project';
}
