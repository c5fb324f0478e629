import type { Lifetime } from '../../plan/spec.ts';
import type { ReadyEnvironment } from '../../project/record.ts';
import { keptChanges, keptSandbox } from '../../sandbox/kept.ts';
import type { StartOptions } from '../../sandbox/start.ts';
import { note } from '../../ui/output.ts';
import type { EnvironmentWords } from '../project/open.ts';
import { type BuiltSpec, buildSpec, type SandboxRequest } from './build-spec.ts';
import { orInterrupted } from './or-interrupted.ts';
import { ownStore } from './own-store.ts';
import { preparationProgress } from './preparation-progress.ts';
import { resolveRoot } from './resolve-root.ts';
import type { RootRequest } from './root.ts';
import { type ShellWords, shellTarget } from './shell-target.ts';
import { ownSurroundings } from './surroundings.ts';

type Request = Omit<SandboxRequest, 'lifetime' | 'root' | 'purpose' | 'profile'>;

/** Takes what `run` was given and becomes the sandbox: returns only by throwing, or with the status where it did not start. */
export async function startRun(request: Request & { readonly root: RootRequest }): Promise<number> {
  return await orInterrupted(async () => {
    const root = await resolveRoot(request.root, request.options).catch(forgottenDashes(request));
    return await start({ ...request, root, lifetime: { kind: 'ephemeral' }, purpose: 'run', profile: undefined });
  });
}

/** Takes what `shell` was given and becomes the sandbox, as `startRun` does. */
export async function startShell(words: ShellWords, request: Request): Promise<number> {
  return await orInterrupted(async () => {
    const store = ownStore();
    const { lifetime, root } = await shellTarget(words, {
      kept: (name) => keptSandbox(store, name)?.rootfs,
      imageName: async (unsafeName) =>
        await (await import('./find-image.ts')).nameOfImage(unsafeName).catch(notKept(unsafeName)),
    });
    if (root.kind === 'kept' && (request.options.pull ?? 'never') !== 'never') {
      note('a kept sandbox stays on the image that it was made on: --pull has no effect');
    }
    const changes = root.kind === 'kept' && lifetime.kind === 'named' ? keptChanges(store, lifetime.name) : undefined;
    const resolved = await resolveRoot(root, request.options, changes).catch(notKept(words.operand));
    return await start({ ...request, root: resolved, lifetime, purpose: 'shell', profile: profileOf(store, lifetime) });
  });
}

/** A kept sandbox stays as closely held as it was made, unless told otherwise. */
function profileOf(store: string, lifetime: Lifetime): string | undefined {
  return lifetime.kind === 'named' ? keptSandbox(store, lifetime.name)?.profile : undefined;
}

/** Builds the Spec of a request, and says what the user should know about it. Throws what `buildSpec` throws. */
export async function specFor(request: SandboxRequest): Promise<Pick<BuiltSpec, 'spec' | 'isSecret'>> {
  const { notes, ...built } = await buildSpec(request, ownSurroundings());
  for (const line of notes) note(line);
  return built;
}

/** Becomes a sandbox of a project's environment. */
export async function startEnvironment(ready: ReadyEnvironment, words: EnvironmentWords): Promise<never> {
  const { environmentRequest } = await import('../project/open.ts');
  return await start(await environmentRequest(ready, words));
}

/** Becomes the sandbox that is asked for, or joins it. Throws what building, planning and launching throw. */
export async function start(request: SandboxRequest): Promise<never> {
  const { spec, isSecret } = await specFor(request);
  const { startSandbox } = await import('../../sandbox/start.ts');
  return await startSandbox(spec, preparationProgress, startOptions(request, isSecret));
}

/** The same, but stays until the command has ended, and gives its status; `signal` ends it. */
export async function attend(request: SandboxRequest, signal?: AbortSignal): Promise<number> {
  const { spec, isSecret } = await specFor(request);
  const { attendSandbox } = await import('../../sandbox/attended.ts');
  const options = startOptions(request, isSecret);
  return await attendSandbox(spec, preparationProgress, signal === undefined ? options : { ...options, signal });
}

function startOptions({ options: { workspace }, project }: SandboxRequest, isSecret: boolean): StartOptions {
  return { keep: !isSecret, note, workspace, sameRules: project !== undefined };
}

/** `run ls`: the word was perhaps a command. */
function forgottenDashes({ root, command }: Request & { readonly root: RootRequest }) {
  return async (error: unknown): Promise<never> => {
    if (root.kind !== 'image' || command !== undefined) throw error;
    const { withHint } = await import('./missing-image.ts');
    const hint = `if ${JSON.stringify(root.unsafeName)} is the command, put -- before it`;
    throw withHint(error, root.unsafeName, hint);
  };
}

/** `shell website`: the word was perhaps to be the name of a new sandbox. */
function notKept(operand: string | undefined) {
  return async (error: unknown): Promise<never> => {
    const { withHint } = await import('./missing-image.ts');
    const hint = `for a sandbox of this machine's own system: sandbox shell --name ${operand}`;
    throw withHint(error, operand ?? '', hint);
  };
}
