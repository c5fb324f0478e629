import { lockPath } from '../store/lock.ts';
import { applyChanges } from './apply.ts';
import { scanAll } from './changes.ts';
import { discardChanges } from './discard.ts';
import { ReviewError } from './error.ts';
import type { ReviewAnswer, ReviewRequest } from './model.ts';
import { withParts } from './open-part.ts';
import { patchOf } from './patch.ts';
import { select } from './select.ts';

/** Milliseconds: the kernel lets go of a sandbox's lock when its mounts are taken down. */
const PATIENCE = 5000;

/**
 * Does what is asked for. To run as root of the user namespace that the sandbox's files belong to, where root is the user:
 * what is made on the host belongs to the user. Expected errors are part of the answer.
 */
export async function answer(request: ReviewRequest): Promise<ReviewAnswer> {
  try {
    return await perform(request);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error)) throw error;
    const hint = 'hint' in error && typeof error.hint === 'string' ? error.hint : undefined;
    return {
      kind: 'error',
      code: String(error.code),
      message: error.message,
      ...(hint === undefined ? {} : { hint }),
    };
  }
}

async function perform(request: ReviewRequest): Promise<ReviewAnswer> {
  switch (request.action) {
    case 'list':
      return withParts(request.parts, (parts) => {
        const changes = select(scanAll(parts), request.patterns).map(({ change }) => change);
        return { kind: 'changes', changes };
      });
    case 'patch':
      return withParts(request.parts, (parts) => {
        const patches = select(scanAll(parts), request.patterns).flatMap((found) => patchOf(found) ?? []);
        return { kind: 'patches', patches };
      });
    case 'apply':
      return await alone(request.directory, () => {
        const { patterns, token, force, dryRun } = request;
        const options = { patterns, temporary: `.sandbox-${token}`, force, dryRun };
        const outcome = withParts(request.parts, (parts) => applyChanges(parts, options));
        return outcome.kind === 'conflicts' ? outcome : { kind: 'applied', result: outcome.result };
      });
    case 'discard':
      return await alone(request.directory, () => {
        const paths = withParts(request.parts, (parts) => discardChanges(parts, request.patterns));
        return { kind: 'discarded', paths };
      });
  }
}

/** While nobody opens the sandbox, and nobody else works on its changes: its own lock is held. */
async function alone(directory: string, work: () => ReviewAnswer): Promise<ReviewAnswer> {
  let lock: Awaited<ReturnType<typeof lockPath>>;
  try {
    lock = await lockPath(`${directory}/lock`, 'exclusive', 'the sandbox', { patience: PATIENCE });
  } catch (cause) {
    if (!(cause instanceof Error && 'code' in cause && cause.code === 'LOCKED')) throw cause;
    throw new ReviewError('RUNNING', 'the sandbox is running, or another command works on its changes', {
      hint: 'wait for it to end, or end it first',
    });
  }
  // Modes are set as they are to be.
  const umask = process.umask(0);
  try {
    return work();
  } finally {
    process.umask(umask);
    lock.release();
  }
}
