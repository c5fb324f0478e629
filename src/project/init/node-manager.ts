import type { Directory } from './findings.ts';

/** What installs a Node project's dependencies. */
export interface Manager {
  readonly name: 'npm' | 'pnpm' | 'yarn' | 'bun';
  readonly lock: string | undefined;
  /** What npm installs it from, and whether that is one version; undefined: it comes with npm. */
  readonly from: { readonly spec: string; readonly isPinned: boolean } | undefined;
  /** Installs what the lock says, in the directory of package.json. */
  readonly install: string;
  /** What it leaves behind that is another one each time, as `sandbox verify` shows. */
  readonly leaves: readonly string[];
  /** Whether it runs scripts with what is installed in a directory above, too. */
  readonly findsAbove: boolean;
  /** Whether one package has all its dependencies in a node_modules: not so where it is a workspace. */
  readonly isWorkspace: boolean;
}

type Others = Exclude<Manager['name'], 'npm'>;

const LOCKS: ReadonlyArray<readonly [lock: string, name: Others]> = [
  ['pnpm-lock.yaml', 'pnpm'],
  ['yarn.lock', 'yarn'],
  ['bun.lock', 'bun'],
  ['bun.lockb', 'bun'],
];

/** Gives the manager that the lock file is of; without one that which package.json declares (`packageManager`), else npm. */
export function managerOf(directory: Directory, declared: string, hasWorkspaces: boolean): Manager {
  const [, said, version] = /^(pnpm|yarn|bun)@([0-9]+(?:\.[0-9]+)*)/.exec(declared) ?? [];
  const isOfPnpm = directory.names.has('pnpm-workspace.yaml');
  const otherwise = said ?? (isOfPnpm ? 'pnpm' : undefined);
  const [lock, name] = LOCKS.find(([file]) => directory.names.has(file)) ?? [undefined, otherwise];
  const of = name === said ? version : undefined;
  const isWorkspace = hasWorkspaces || isOfPnpm;
  const common = { lock, leaves: [], findsAbove: false, isWorkspace } as const;
  const frozen = lock === undefined ? 'install' : 'install --frozen-lockfile';
  if (name === 'pnpm') {
    const install = `pnpm ${frozen} --store-dir /tmp/pnpm`;
    const notes = ['/node_modules/.modules.yaml', '/node_modules/.pnpm-workspace-state*'];
    const leaves = [...notes, '/tmp/pnpm', '/tmp/v8-compile-cache-0', '/root/.cache/pnpm', '/root/.local/state/pnpm'];
    return { ...common, name, from: from('pnpm', of, '9'), install, leaves };
  }
  if (name === 'bun') return { ...common, name, from: from('bun', of, '1'), install: `bun ${frozen}` };
  if (name === 'yarn') {
    // Yarn 2 and later keep what they know of a project in the project, and have another package.
    const isLater = of === undefined ? directory.text('yarn.lock').includes('__metadata:') : !/^[01]\b/.test(of);
    const leaves = ['/tmp/v8-compile-cache-0'];
    if (!isLater) return { ...common, name, from: from('yarn', of, '1'), install: `yarn ${frozen}`, leaves };
    return { ...common, name, from: from('@yarnpkg/cli-dist', of, '4'), install: 'yarn install', isWorkspace: true };
  }
  const [own] = directory.those('package-lock.json', 'npm-shrinkwrap.json');
  const install = `npm ${own === undefined ? 'install --no-package-lock' : 'ci'} --no-audit --no-fund`;
  return { ...common, name: 'npm', lock: own, from: undefined, install, findsAbove: true };
}

function from(packageName: string, version: string | undefined, otherwise: string): Manager['from'] {
  return { spec: `${packageName}@${version ?? otherwise}`, isPinned: /^\d+\.\d+\.\d+$/.test(version ?? '') };
}
