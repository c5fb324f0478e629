import { surveyHost } from '../host/survey.ts';
import type { Launcher } from '../launch/compile.ts';
import type { SetupOp } from '../launch/operations.ts';
import { becomeLauncher, writeLauncherFile } from '../launch/run.ts';
import { ownBuild } from '../linux/own-build.ts';
import type { PlanInput } from '../plan/input.ts';
import type { Security, Spec } from '../plan/spec.ts';
import { cachedLauncher, keepLauncher } from '../store/launchers.ts';
import { ensureStore, shelf } from '../store/layout.ts';
import { listShelf, makeNamed, readSpec, runningInit } from '../store/sandbox-directory.ts';
import { suspects } from '../store/suspects.ts';
import { compileSandbox, explainer } from './compile.ts';
import { type BeginProgress, joinInput, planInput } from './input.ts';
import { asMade } from './kept.ts';
import { GROUPED, limited } from './limited.ts';

/** A plan for people and for files. */
export interface Planned {
  readonly operations: readonly SetupOp[];
  /** The system calls, a line each, under the operation that makes them. */
  readonly listing: string;
  /** The launcher: an executable that needs nothing but the kernel, and the store. */
  readonly elf: Buffer;
}

export interface StartOptions {
  /** The launcher may be kept on the disk for the next time; it holds the whole environment. */
  readonly keep: boolean;
  readonly note: (line: string) => void;
  /** `--workspace`, if it was given. */
  readonly workspace?: Spec['workspace']['kind'] | undefined;
  /** An open sandbox was opened by the same rules: what cannot be changed in it any more is not worth a word. */
  readonly sameRules?: boolean;
}

/** A launcher, ready to be started, and what it is to be told. */
export interface PreparedLauncher {
  readonly elf: Uint8Array;
  readonly store: string;
  readonly words: readonly string[];
}

/**
 * Opens the sandbox that a spec describes and becomes its monitor: returns only by throwing. A named sandbox that is
 * open already is joined. Throws a HostError, StoreError, SandboxError or LaunchError.
 */
export async function startSandbox(spec: Spec, beginProgress: BeginProgress, options: StartOptions): Promise<never> {
  const { elf, store, words } = await prepareLauncher(spec, beginProgress, options);
  return becomeLauncher(writeLauncherFile(elf, store).path, ...words);
}

/** Does all of that but the start: gives the launcher. Throws as `startSandbox` does. */
export async function prepareLauncher(
  spec: Spec,
  beginProgress: BeginProgress,
  { keep, note, workspace, sameRules = false }: StartOptions,
): Promise<PreparedLauncher> {
  const facts = surveyHost();
  ensureStore(facts.store);
  if (spec.lifetime.kind === 'named') {
    const path = `${shelf(facts.store, 'sandboxes')}/${spec.lifetime.name}`;
    const init = runningInit(path);
    if (init !== undefined) {
      const { approachGroup } = await import('../cgroup/find-group.ts');
      const group = await approachGroup(init);
      if (spec.limits !== undefined && !sameRules)
        note('limits are those of the open sandbox: `sandbox update` changes them');
      if (spec.secrets.length + spec.devices.length + spec.volumes.length > 0 && !sameRules) {
        note('secrets, devices, volumes and sockets are those of the open sandbox');
      }
      const limits = group === undefined ? {} : { limits: GROUPED };
      const { limits: _, ...joining } = asOpened(spec, path);
      return await launch(joinInput({ ...joining, ...limits }, facts), keep, { join: { init, path }, group });
    }
  }
  const { spec: possible, group } = await limited(spec, note);
  const input = await planInput(asMade(possible, facts.store, { workspace, note }), facts, beginProgress);
  const garbage = suspects(facts.store);
  // A removal that was itself killed leaves the trash for the next time.
  if (garbage.length > 0 || listShelf(facts.store, 'trash').length > 0) {
    const { removeGarbage } = await import('./removal.ts');
    removeGarbage(facts, garbage);
  }
  if (spec.lifetime.kind === 'ephemeral') return await launch(input, keep, { group });
  // Only of a sandbox that is opened again: many are opened once, and a launcher takes more room than their changes.
  const isNew = readSpec(`${shelf(facts.store, 'sandboxes')}/${spec.lifetime.name}`) === undefined;
  makeNamed(facts.store, spec.lifetime.name);
  return await launch(input, keep && !isNew, { group });
}

/** Who joins finds the root file system and the network of whoever opened the sandbox. */
function asOpened(spec: Spec, path: string): Spec {
  const opened = readSpec(path);
  if (!opened) return spec;
  const { network, rootfs } = opened;
  // Written by describeSpec: it is what the plan had.
  const security = (opened.security as Security | undefined) ?? spec.security;
  return { ...spec, network, rootfs, security };
}

/** What a launcher is told when it starts. */
interface Start {
  readonly join?: { readonly init: number; readonly path: string };
  /** Absolute path of the control group's directory. */
  readonly group: string | undefined;
}

/** Compiles the plan, unless that was done before for the same input. */
async function launch(input: PlanInput, keep: boolean, { join, group }: Start): Promise<PreparedLauncher> {
  const { store } = input.facts;
  const explain = explainer();
  const key = JSON.stringify([
    ownBuild(),
    join?.path,
    explain,
    input.volumeTypes.size ? [...input.volumeTypes] : [],
    whatCounts(input),
  ]);
  const cached = keep ? cachedLauncher(store, key) : undefined;
  const words = [...(join === undefined ? [] : [String(join.init)]), ...(group === undefined ? [] : [group])];
  if (cached !== undefined) return { elf: cached, store, words };
  const elf = await compileSandbox(input, explain, join?.path);
  if (keep) keepLauncher(store, key, elf);
  return { elf, store, words };
}

/** The ground says already what the mounts mean for the plan, and the driver what overlays do. */
function whatCounts(input: PlanInput): unknown {
  const { overlay: _, ...facts } = input.facts;
  return { ...input, facts: { ...facts, mounts: [] } };
}

/** Plans without starting anything; the `host` image is prepared, since the plan names it. */
export async function planSandbox(spec: Spec, beginProgress: BeginProgress): Promise<Planned> {
  const facts = surveyHost();
  ensureStore(facts.store);
  const [{ compileLauncher }, { planSandbox: plan }] = await Promise.all([
    import('../launch/compile.ts'),
    import('../plan/plan.ts'),
  ]);
  const operations = plan(await planInput(spec, facts, beginProgress));
  const launcher = compileLauncher(operations, { arch: facts.arch });
  return { operations, listing: listCalls(launcher, operations), elf: launcher.elf() };
}

/** The numbers are those of the printed operations, from 1 on. */
function listCalls(launcher: Launcher, operations: readonly SetupOp[]): string {
  let step: number | undefined;
  const lines: string[] = [];
  for (const call of launcher.calls()) {
    if (call.step !== step) {
      step = call.step;
      const operation = operations[step];
      lines.push(
        operation ? `# ${step + 1}: ${operation.op}` : '# supervision: loops, removal and reports of monitor and init',
      );
    }
    lines.push(`${call.name}(${call.arguments.join(', ')})`);
  }
  return `${lines.join('\n')}\n`;
}
