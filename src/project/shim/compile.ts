import { existsSync } from 'node:fs';
import { surveyHost } from '../../host/survey.ts';
import { compileLauncher } from '../../launch/compile.ts';
import type { FileState, InheritedVariables, SetupOp } from '../../launch/operations.ts';
import { ownCommand } from '../../linux/own-command.ts';
import { rootMapping } from '../../plan/identity.ts';
import type { PlanInput } from '../../plan/input.ts';
import { placedBy, withoutFiles } from '../../plan/placed.ts';
import { planJoin, planSandbox } from '../../plan/plan.ts';
import { planJoiningShim, planProgram, planShim, type ShimPlan } from '../../plan/shim.ts';
import type { Spec } from '../../plan/spec.ts';
import { explainer } from '../../sandbox/compile.ts';
import { type BeginProgress, joinInput, planInput } from '../../sandbox/input.ts';
import { ensurePlacedLayer, type PlacedLayer } from '../../sandbox/placed-layer.ts';
import { layerKey, unsyncedMark } from '../../store/layers.ts';
import { ensureStore, shelf } from '../../store/layout.ts';
import { readSpec } from '../../store/sandbox-directory.ts';
import { cachesAmong, type ReadyEnvironment } from '../record.ts';
import { type Stamp, stampOf } from '../stamp.ts';
import { joiningPath, type ShimFiles, shimPath } from './files.ts';

/** What a shim starts, besides the name of its program. */
export interface ShimRequest {
  /** Its command does not matter. Undefined: what the environment asks for takes the program each time. */
  readonly spec: Spec | undefined;
  readonly inherited: InheritedVariables;
  /** Whether the caller's directory in the workspace is kept. */
  readonly keepsDirectory: boolean;
  readonly ready: ReadyEnvironment;
  /** Of the project's files: settledContents. */
  readonly stamps: readonly Stamp[];
}

/** Shims of an environment, and what of the store they stand on besides its own layers. */
export interface CompiledShims {
  readonly shims: readonly ShimFiles[];
  /** Path of a layer's tree. */
  readonly placed?: string;
}

/** Gives the shims of programs. Prepares the `host` image where that is needed. Throws a HostError or StoreError. */
export async function compileShims(
  names: readonly string[],
  request: ShimRequest,
  beginProgress: BeginProgress,
): Promise<CompiledShims> {
  const facts = surveyHost();
  const { arch, store } = facts;
  const { spec, ready, inherited } = request;
  ensureStore(store);
  const elf = (operations: readonly SetupOp[]): Buffer =>
    compileLauncher(operations, { arch, explainer: explainer() }).elf();
  const directory = `${shelf(store, 'sandboxes')}/${ready.sandbox}`;
  // Before it is read: what it says from now on is another state.
  const opened = stampOf(`${directory}/spec.json`);
  if (spec === undefined || !isJoinedAs(spec, directory)) {
    return {
      shims: names.map((name) => ({ name, shim: elf(planProgram(programOf(ready, name))), joining: undefined })),
    };
  }
  // The terminal is that of whoever calls the shim.
  const { terminalPath: _, ...found } = await planInput(spec, facts, beginProgress);
  const { input, layer } = await withPlacedLayer(found);
  const placedFiles = layer?.files ?? [];
  const { workspace } = spec;
  const within = request.keepsDirectory && workspace.kind !== 'none' ? { within: workspace.path } : {};
  const fresh = freshness(input, { ...request, stamps: [...request.stamps, opened] });
  const shims = names.map((name) => {
    const plan: ShimPlan = {
      ...programOf(ready, name),
      fresh: { ...fresh, paths: [`${shimPath(store, ready.directory)}/${name}`, ...fresh.paths] },
      running: { directory, launcher: joiningPath(store, ready.directory, name) },
      inherited,
      ...within,
    };
    const command = [name];
    const joined = joinInput({ ...spec, command }, facts);
    return {
      name,
      shim: elf(planShim(withoutFiles(planSandbox({ ...input, spec: { ...input.spec, command } }), placedFiles), plan)),
      joining: elf(planJoiningShim(planJoin(joined, directory), plan)),
    };
  });
  return { shims, ...(layer === undefined ? {} : { placed: layer.tree }) };
}

/** The environment with a layer on top that has what its sandboxes would make each time. */
async function withPlacedLayer(input: PlanInput): Promise<{ input: PlanInput; layer?: PlacedLayer }> {
  const { root, facts, driver } = input;
  if (root.kind !== 'image' || driver.kind !== 'native') return { input };
  const layer = await ensurePlacedLayer({
    store: facts.store,
    key: layerKey(rootMapping(facts)),
    below: root.layers,
    placed: placedBy(planSandbox(input)),
  });
  if (layer === undefined) return { input };
  const above = { ...root, layers: [layer.tree, ...root.layers] };
  return { input: { ...input, root: above, spec: { ...input.spec, rootfs: above } }, layer };
}

/**
 * Whether a launcher may join the sandbox of the services, if there is one: who joins has the root file system, the network and
 * the restrictions of whoever opened it (sandbox/start.ts), which may be others than those that the project's files ask for by
 * now. A process with the host's network in a sandbox without one would be a way out.
 */
function isJoinedAs({ rootfs, network, security }: Spec, directory: string): boolean {
  const opened = readSpec(directory);
  if (opened === undefined) return true;
  const said = (value: unknown): string => JSON.stringify(value);
  return opened.network === network && said(opened.rootfs) === said(rootfs) && said(opened.security) === said(security);
}

function programOf(
  { directory, environment }: ReadyEnvironment,
  name: string,
): Pick<ShimPlan, 'program' | 'otherwise'> {
  const program = [...ownCommand('__shim'), directory, environment, name, '--'];
  return {
    program,
    otherwise: `the shim ${name} is stale, and ${program[0]} that made it is gone; make it anew: sandbox shim ${name}`,
  };
}

/** What a launcher has of the host besides the project: as long as it is the same, the launcher is right. */
function freshness({ root, spec, facts }: PlanInput, { stamps }: ShimRequest): ShimPlan['fresh'] {
  const { store, resolvConf } = facts;
  const layers = root.kind === 'image' ? root.layers : [];
  const files: FileState[] = [...stamps];
  if (spec.network === 'host') files.push(...['/etc/hosts', ...(resolvConf ? [resolvConf.path] : [])].map(stampOf));
  // One that is on its way to the disk becomes sure without us; until then it is looked at each time.
  const unsure = layers.map(unsyncedMark).filter((mark) => existsSync(mark));
  files.push(...unsure.map((path) => ({ path, state: '' })));
  const below = root.kind === 'host' ? [`${store}/host/${root.generation}`] : layers;
  const paths = [...below, ...cachesAmong(store, spec.volumes)];
  return { files, paths, program: stampOf(process.execPath) };
}
