import type { Lifetime, RootFs } from '../../plan/spec.ts';
import { quoted, UsageError } from '../arguments/usage-error.ts';
import { parseSandboxName } from '../options/names.ts';
import { HOST_IMAGE } from './image-operand.ts';
import type { RootRequest } from './root.ts';

/** The sandbox of `sandbox shell` without a name. */
const DEFAULT_NAME = 'default';

export interface ShellWords {
  /** A kept sandbox's name, or an image. */
  readonly operand: string | undefined;
  readonly name: string | undefined;
  readonly remove: boolean;
  readonly rootfs: string | undefined;
}

/** What is looked up for the decision. */
export interface ShellFacts {
  /** What the kept sandbox of a name stands on. */
  readonly kept: (name: string) => RootFs | undefined;
  /** Takes an image as it was typed and gives its full name and the last part of it. Throws an ImageError. */
  readonly imageName: (unsafeName: string) => Promise<{ readonly full: string; readonly short: string }>;
}

export interface ShellTarget {
  readonly lifetime: Lifetime;
  readonly root: RootRequest;
}

const EPHEMERAL: Lifetime = { kind: 'ephemeral' };

function named(name: string, root: RootRequest): ShellTarget {
  return { lifetime: { kind: 'named', name }, root };
}

function described(rootfs: RootFs): string {
  if (rootfs.kind === 'host') return 'the host';
  return rootfs.kind === 'directory' ? rootfs.path : rootfs.name;
}

function isName(text: string): boolean {
  try {
    parseSandboxName(text);
    return true;
  } catch {
    return false;
  }
}

/**
 * Says which sandbox `shell` opens, and on what. A word is the name of a kept sandbox if there is one, else an image, whose
 * last part the new sandbox is called by. A kept sandbox stays on what it was made on. Throws UsageError, and the ImageError
 * of a word that is neither.
 */
export async function shellTarget(words: ShellWords, facts: ShellFacts): Promise<ShellTarget> {
  const { operand, name, remove, rootfs } = words;
  if (remove && name !== undefined) throw new UsageError('--rm and --name: a sandbox with a name is kept');
  if (rootfs !== undefined) return onDirectory(words, rootfs);
  if (operand === undefined || operand === HOST_IMAGE || (operand === DEFAULT_NAME && !remove)) {
    if (remove) return { lifetime: EPHEMERAL, root: { kind: 'host' } };
    const opened = name ?? DEFAULT_NAME;
    const rootfsKept = facts.kept(opened);
    // `host` said aloud is a wish for that root, which the sandbox's own may contradict.
    if (rootfsKept === undefined || operand === HOST_IMAGE) return named(opened, { kind: 'host' });
    return named(opened, { kind: 'kept', rootfs: rootfsKept });
  }
  return await onImage(words, operand, facts);
}

function onDirectory({ operand, name, remove }: ShellWords, unsafePath: string): ShellTarget {
  const root: RootRequest = { kind: 'directory', unsafePath };
  if (operand !== undefined && name !== undefined) {
    throw new UsageError(`${quoted(operand)} and --name: with --rootfs both are the sandbox's name`);
  }
  const opened = name ?? operand;
  if (remove && opened === undefined) return { lifetime: EPHEMERAL, root };
  if (remove) throw new UsageError(`--rm: a sandbox with a name is kept, and ${quoted(opened ?? '')} is one`);
  return named(opened === undefined || opened === HOST_IMAGE ? DEFAULT_NAME : parseSandboxName(opened), root);
}

async function onImage({ name, remove }: ShellWords, operand: string, facts: ShellFacts): Promise<ShellTarget> {
  const root: RootRequest = { kind: 'image', unsafeName: operand };
  const sandbox = isName(operand) ? facts.kept(operand) : undefined;
  if (sandbox !== undefined && name === undefined && !remove) return named(operand, { kind: 'kept', rootfs: sandbox });
  const { full, short } = await facts.imageName(operand);
  if (remove) {
    if (sandbox === undefined || (sandbox.kind === 'image' && sandbox.name === full))
      return { lifetime: EPHEMERAL, root };
    throw new UsageError(`--rm: a sandbox with a name is kept, and ${quoted(operand)} is one`);
  }
  if (name === undefined && !isName(short)) {
    throw new UsageError(`${quoted(short)} cannot be a sandbox's name`, { hint: `choose one: --name NAME` });
  }
  const opened = name ?? short;
  const kept = facts.kept(opened);
  if (kept === undefined) return named(opened, root);
  if (kept.kind === 'image' && kept.name === full) return named(opened, { kind: 'kept', rootfs: kept });
  throw new UsageError(`the sandbox ${opened} was made on ${described(kept)}, not on ${full}`, {
    hint:
      name === undefined
        ? `choose another name: sandbox shell ${operand} --name NAME\nor open the one there is: sandbox shell ${opened}`
        : `open it as it is: sandbox shell ${opened}\nor remove it first: sandbox rm ${opened}`,
  });
}
