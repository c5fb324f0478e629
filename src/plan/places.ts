import type { SetupOp } from '../launch/operations.ts';
import type { PlanInput } from './input.ts';
import { planCopyOnWrite, type RootPlan, WORKSPACE } from './root.ts';

interface Place {
  readonly destination: string;
  readonly operations: readonly SetupOp[];
}

/** What the user puts into the sandbox: the workspace, volumes, devices and file systems in memory, outer ones first. */
export function planPlaces(input: PlanInput): {
  operations: SetupOp[];
  directories: RootPlan['directories'];
} {
  const { spec } = input;
  const places: Place[] = [
    ...spec.volumes.map((volume) => planVolume(input, volume)),
    ...spec.tmpfs.map(planTmpfs),
    ...spec.devices.map(planDevice),
  ];
  const workspace = spec.workspace.kind === 'none' ? undefined : planWorkspace(input, spec.workspace);
  if (workspace) places.push(workspace);
  places.sort((a, b) => compareDepth(a.destination, b.destination));
  return { operations: places.flatMap((place) => place.operations), directories: workspace?.directories ?? [] };
}

function compareDepth(a: string, b: string): number {
  return a.split('/').length - b.split('/').length || (a < b ? -1 : 1);
}

function planWorkspace(
  input: PlanInput,
  workspace: Exclude<PlanInput['spec']['workspace'], { kind: 'none' }>,
): Place & Pick<RootPlan, 'directories'> {
  const { path } = workspace;
  const attributes = { noSuid: true, noDev: true, readOnly: workspace.kind === 'ro' };
  const mount: RootPlan =
    workspace.kind === 'cow'
      ? planCopyOnWrite(input, WORKSPACE, [path], 0o755, { target: path, attributes })
      : {
          directories: [],
          // A sandbox that is open may have a directory above as its own workspace, and turn this one into a link.
          operations: [
            { op: 'bind', source: path, target: path, recursive: true, attributes, optional: false, noLinks: true },
            ...(workspace.kind === 'rw' ? planShims(input, path) : []),
          ],
        };
  return {
    destination: path,
    directories: mount.directories,
    operations: [{ op: 'makeDirectory', path, mode: 0o755 }, ...mount.operations],
  };
}

/**
 * A project's shims are started outside: what is done inside, in whatever sandbox, may not change them. An environment of the
 * project says so itself, wherever they are seen.
 */
function planShims({ spec }: PlanInput, workspace: string): SetupOp[] {
  const path = `${workspace}/.sandbox`;
  if (spec.volumes.some(({ destination }) => destination === path)) return [];
  const attributes = { noSuid: true, noDev: true, readOnly: true };
  return [{ op: 'bind', source: path, target: path, recursive: true, attributes, optional: true, noLinks: true }];
}

function planVolume(
  { volumeTypes }: PlanInput,
  { source, destination, access, noLinks }: PlanInput['spec']['volumes'][number],
): Place {
  const place: SetupOp[] =
    volumeTypes.get(source) === 'file'
      ? placeOfFile(destination)
      : [{ op: 'makeDirectory', path: destination, mode: 0o755 }];
  const attributes = { noSuid: true, noDev: true, readOnly: access === 'ro' };
  return {
    destination,
    operations: [
      ...place,
      {
        op: 'bind',
        source,
        target: destination,
        recursive: true,
        attributes,
        optional: false,
        ...(noLinks === undefined ? {} : { noLinks }),
      },
    ],
  };
}

function placeOfFile(destination: string): SetupOp[] {
  const slash = destination.lastIndexOf('/');
  return [
    ...(slash > 0 ? [{ op: 'makeDirectory', path: destination.slice(0, slash), mode: 0o755 } as const] : []),
    { op: 'makeFile', path: destination },
  ];
}

/** The host's own node, since a user may make none: without `nodev`, which every other place has. */
function planDevice({ source, destination }: PlanInput['spec']['devices'][number]): Place {
  const attributes = { noSuid: true, noExec: true };
  return {
    destination,
    operations: [
      ...placeOfFile(destination),
      { op: 'bind', source, target: destination, recursive: false, attributes, optional: false },
    ],
  };
}

function planTmpfs({ destination, size, mode }: PlanInput['spec']['tmpfs'][number]): Place {
  const attributes = { noSuid: true, noDev: true };
  return {
    destination,
    operations: [
      { op: 'makeDirectory', path: destination, mode: 0o755 },
      { op: 'memory', target: destination, mode, ...(size === undefined ? {} : { size }), attributes },
    ],
  };
}
