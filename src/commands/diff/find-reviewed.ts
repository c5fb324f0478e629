import type { HostFacts } from '../../host/facts.ts';
import { surveyHost } from '../../host/survey.ts';
import { type Reviewed, reviewed } from '../../review/parts.ts';
import { UsageError } from '../arguments/usage-error.ts';
import { parseSandboxName } from '../options/names.ts';

/** The sandbox and the patterns that the operands of `diff`, `apply` and `discard` name. */
export interface ReviewTarget {
  readonly facts: HostFacts;
  readonly sandbox: Reviewed;
  readonly patterns: readonly string[];
}

/** Takes `NAME [PATH…]`. Throws UsageError, ReviewError. */
export function reviewTarget([name, ...paths]: readonly string[]): ReviewTarget {
  if (name === undefined) {
    throw new UsageError('no sandbox named', { hint: '`sandbox ps -a` lists them' });
  }
  const facts = surveyHost();
  const sandbox = reviewed(facts.store, parseSandboxName(name));
  return { facts, sandbox, patterns: paths.map((path) => inWorkspace(path, sandbox.workspace)) };
}

/** What lies in the workspace is named from there. */
function inWorkspace(path: string, workspace: string | undefined): string {
  if (workspace === undefined) return path;
  if (path === workspace) return '.';
  return path.startsWith(`${workspace}/`) ? path.slice(workspace.length + 1) : path;
}
