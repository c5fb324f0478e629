import { compileLauncher } from '../launch/compile.ts';
import type { IdMapping, SetupOp } from '../launch/operations.ts';
import { type RunningLauncher, startLauncher } from '../launch/run.ts';
import type { Arch } from '../linux/arch.ts';
import { ownCommand } from '../linux/own-command.ts';

/** What the other process needs of this one's environment: where koffi's native file may be loaded from. */
const PASSED_ON = ['HOME', 'PATH', 'XDG_RUNTIME_DIR', 'XDG_CACHE_HOME'];

export interface InsideOptions {
  /** The mapping that all layers share. */
  readonly ids: IdMapping;
  readonly arch: Arch;
  readonly store: string;
}

/**
 * Starts this program again with a hidden command, as root of a user namespace that maps the ids of the layers'
 * files, and without a network: whatever a layer may make of it, it talks to nobody. It dies with this process unless it
 * was let go of (`release`). Throws a LaunchError.
 */
export function startInside({ ids, arch, store }: InsideOptions, name: string, ...words: string[]): RunningLauncher {
  const command = ownCommand(name);
  const environment = PASSED_ON.flatMap((variable) => {
    const value = process.env[variable];
    return value === undefined ? [] : [[variable, value] as const];
  });
  const operations: SetupOp[] = [
    // It may outlive this process, which may become a sandbox's monitor and so never know of a child's end.
    { op: 'detach' },
    { op: 'createNamespaces', namespaces: ['user', 'network'], ids },
    { op: 'dieWithMonitor' },
    { op: 'resetSignals' },
    { op: 'execute', command: [...command, ...words], candidates: command.slice(0, 1), environment },
  ];
  return startLauncher(compileLauncher(operations, { arch }).elf(), store);
}
