import { didYouMean } from '../../config/did-you-mean.ts';
import type { SandboxInfo } from '../../sandbox/lifecycle.ts';
import { quoted, UsageError } from '../arguments/usage-error.ts';

/** Shorter prefixes of an id are more likely a slip than meant. */
const SHORTEST_PREFIX = 4;

/** Takes what was typed and all sandboxes; gives the one with that name, id or unambiguous start of an id. Throws UsageError. */
export function selectSandbox(typed: string, sandboxes: readonly SandboxInfo[]): SandboxInfo {
  const exact = sandboxes.find(({ name }) => name === typed) ?? sandboxes.find(({ id }) => id === typed);
  if (exact !== undefined) return exact;
  const starting = typed.length < SHORTEST_PREFIX ? [] : sandboxes.filter(({ id }) => id.startsWith(typed));
  const [only, another] = starting;
  if (only !== undefined && another === undefined) return only;
  if (another !== undefined) throw new UsageError(`${quoted(typed)} is the start of ${starting.length} ids`);
  const nearest = didYouMean(
    typed,
    sandboxes.map(({ name, id }) => name ?? id),
  );
  throw new UsageError(`no sandbox ${quoted(typed)}`, {
    hint: nearest === undefined ? '`sandbox ps --all` lists all' : `did you mean ${nearest}?`,
  });
}
