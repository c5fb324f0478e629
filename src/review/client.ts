import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import type { HostFacts } from '../host/facts.ts';
import { askInside } from '../sandbox/ask-inside.ts';
import { runningInit } from '../store/sandbox-directory.ts';
import { ReviewError } from './error.ts';
import type { Applied, Change, Obstacle, Patch, ReviewAnswer, ReviewRequest } from './model.ts';
import type { Reviewed } from './parts.ts';

/*
 * Files of a sandbox may belong to subordinate ids and be closed to the user. So this program starts itself as root of a user
 * namespace that maps them, which is the user outside: what it writes on the host belongs to the user, and it may do there
 * no more than the user. It gets one request and gives one answer.
 */

/** Lists changes, those that the patterns mean. Throws a ReviewError. */
export function listChanges(facts: HostFacts, { parts }: Reviewed, patterns: readonly string[]): readonly Change[] {
  const answer = ask(facts, { action: 'list', parts, patterns });
  return answer.kind === 'changes' ? answer.changes : unexpected(answer);
}

export function listPatches(facts: HostFacts, { parts }: Reviewed, patterns: readonly string[]): readonly Patch[] {
  const answer = ask(facts, { action: 'patch', parts, patterns });
  return answer.kind === 'patches' ? answer.patches : unexpected(answer);
}

export type ApplyResult =
  | { readonly kind: 'applied'; readonly result: Applied }
  | { readonly kind: 'conflicts'; readonly conflicts: readonly Obstacle[] };

/** Brings changes to the host. Throws a ReviewError. */
export function applyToHost(
  facts: HostFacts,
  { directory, parts, name }: Reviewed,
  patterns: readonly string[],
  options: { readonly force: boolean; readonly dryRun: boolean },
): ApplyResult {
  expectIdle(directory, name);
  const token = ownToken(directory);
  const answer = ask(facts, { action: 'apply', directory, parts, patterns, token, ...options });
  return answer.kind === 'applied' || answer.kind === 'conflicts' ? answer : unexpected(answer);
}

/** Throws changes away. Gives their paths. Throws a ReviewError. */
export function discardFrom(
  facts: HostFacts,
  { directory, parts, name }: Reviewed,
  patterns: readonly string[],
): readonly string[] {
  expectIdle(directory, name);
  const answer = ask(facts, { action: 'discard', directory, parts, patterns });
  return answer.kind === 'discarded' ? answer.paths : unexpected(answer);
}

function expectIdle(directory: string, name: string): void {
  if (runningInit(directory) === undefined) return;
  throw new ReviewError('RUNNING', `the sandbox ${name} is running`, { hint: 'leave it first, or end it' });
}

/**
 * The name of temporary files: the same each time, so that what a killed run left is found, and in a file of the store, which
 * no sandbox sees.
 */
function ownToken(directory: string): string {
  const path = `${directory}/apply-token`;
  const read = (): string => readFileSync(path, 'utf8');
  try {
    return read();
  } catch {
    writeFileSync(path, randomBytes(8).toString('hex'), { mode: 0o600 });
    return read();
  }
}

function unexpected(answer: ReviewAnswer): never {
  if (answer.kind === 'error') {
    throw new ReviewError('FAILED', answer.message, answer.hint === undefined ? {} : { hint: answer.hint });
  }
  throw new TypeError(`unexpected answer ${answer.kind}`);
}

function ask(facts: HostFacts, request: ReviewRequest): ReviewAnswer {
  const { status, stdout, stderr } = askInside(facts, '__review', request, 1024 ** 3);
  if (status === 0 && stdout !== '') return JSON.parse(stdout) as ReviewAnswer;
  throw new ReviewError('FAILED', `the changes cannot be looked at: ${stderr.trim() || `status ${status}`}`, {
    hint: 'it takes a user namespace: `sandbox doctor` says whether there can be one',
  });
}
