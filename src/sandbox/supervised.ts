import { writeFileSync } from 'node:fs';
import { surveyHost } from '../host/survey.ts';
import type { Spec } from '../plan/spec.ts';
import { StoreError } from '../store/error.ts';
import { ensureStore, shelf } from '../store/layout.ts';
import { makeNamed, readSpec } from '../store/sandbox-directory.ts';
import { runToEnd } from './attended.ts';
import { compileSandbox, explainer } from './compile.ts';
import { SandboxError } from './error.ts';
import { type BeginProgress, planInput } from './input.ts';
import { limited } from './limited.ts';

/**
 * Opens a new kept sandbox and stays until its command has ended. Gives its exit status: the command's own, 128+N where a signal
 * ended it, 125 where the sandbox could not be made, which the launcher has told then. `mark`: the name of an empty file in its
 * directory that says what it is. Throws a HostError, StoreError, SandboxError or LaunchError.
 */
export async function superviseSandbox(
  spec: Spec & { readonly lifetime: { readonly kind: 'named' } },
  beginProgress: BeginProgress,
  { mark, note }: { readonly mark: string; readonly note: (line: string) => void },
): Promise<number> {
  const facts = surveyHost();
  const { name } = spec.lifetime;
  ensureStore(facts.store);
  const directory = `${shelf(facts.store, 'sandboxes')}/${name}`;
  if (readSpec(directory) !== undefined) {
    throw new StoreError('EXISTS', `there is a sandbox ${name} already`, {
      hint: `choose another name, or remove it: sandbox rm ${name}`,
    });
  }
  const { spec: possible, group } = await limited(spec, note);
  const input = await planInput(possible, facts, beginProgress);
  if (input.driver.kind === 'copy') {
    throw new SandboxError(
      'NO_REVIEW',
      'the storage driver copy keeps no list of changes, so there would be nothing to review',
      {
        hint: 'install fuse-overlayfs, or use another driver: sandbox doctor says what this machine can do',
      },
    );
  }
  const elf = await compileSandbox(input, explainer());
  makeNamed(facts.store, name);
  writeFileSync(`${directory}/${mark}`, '', { mode: 0o600 });
  return await runToEnd({ elf, store: facts.store, words: group === undefined ? [] : [group] });
}
