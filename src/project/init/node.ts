import {
  command,
  type Directory,
  type DraftCommand,
  type DraftStep,
  type Findings,
  isEnough,
  versionIn,
} from './findings.ts';

/** Of Debian 12. */
const DEBIAN_NODE = [18];
/** Scripts that npm runs by itself: npm-scripts(7). */
const OWN = /^(?:pre|post)|^(?:prepare|install|uninstall|dependencies|restart|stop|version)$/;
const FIRST = ['test', 'start', 'dev', 'build', 'lint'];
const MOST_SCRIPTS = 8;

interface Manager {
  readonly name: string;
  readonly lock: string | undefined;
  /** How it is installed, where Debian does not have it. */
  readonly install: string | undefined;
  /** Installs what the lock says; in the directory of package.json. */
  readonly dependencies: string;
}

function managerOf(directory: Directory, declared: string): Manager {
  const version = /@([0-9.]+)/.exec(declared)?.[1];
  if (directory.names.has('pnpm-lock.yaml')) {
    const install = `npm install --global pnpm@${version ?? '9'}`;
    return { name: 'pnpm', lock: 'pnpm-lock.yaml', install, dependencies: 'pnpm install --frozen-lockfile' };
  }
  if (directory.names.has('yarn.lock')) {
    const install = `npm install --global yarn@${version?.startsWith('1') ? version : '1'}`;
    return { name: 'yarn', lock: 'yarn.lock', install, dependencies: 'yarn install --frozen-lockfile' };
  }
  const [lock] = directory.those('package-lock.json', 'npm-shrinkwrap.json');
  const dependencies = `npm ${lock === undefined ? 'install --no-package-lock' : 'ci'} --no-audit --no-fund`;
  return { name: 'npm', lock, install: undefined, dependencies };
}

/** Gives what package.json and the lock files say. */
export function nodeFindings(directory: Directory): Findings {
  const manifest = parsed(directory.text('package.json'));
  const manager = managerOf(directory, textOf(manifest.packageManager));
  const engine = versionIn(textOf(recordOf(manifest.engines).node), 1);
  const isOld = engine !== undefined && !isEnough(DEBIAN_NODE, engine);
  return {
    files: directory.those('package.json', ...(manager.lock === undefined ? [] : [manager.lock])),
    language: 'node',
    ...(isOld
      ? {
          image: {
            name: `node:${engine[0]}-bookworm-slim`,
            reason: `package.json asks for Node ${engine[0]}; Debian has 18`,
          },
        }
      : {}),
    packages: ['nodejs', 'npm'],
    more: ['ca-certificates'],
    caches: ['npm'],
    shims: ['node', 'npm'],
    steps: needsInstall(manifest) ? [dependencies(manager)] : [],
    variables: [],
    commands: scripts(recordOf(manifest.scripts), manager.name),
  };
}

function needsInstall(manifest: Readonly<Record<string, unknown>>): boolean {
  const lists = [manifest.dependencies, manifest.devDependencies, manifest.optionalDependencies];
  // Packages of a workspace are links into the project, which a step does not see.
  return manifest.workspaces === undefined && lists.some((list) => Object.keys(recordOf(list)).length > 0);
}

function dependencies({ lock, install, dependencies }: Manager): DraftStep {
  const files = ['package.json', ...(lock === undefined ? [] : [lock])];
  const lines = [
    ...(install === undefined ? [] : [install]),
    `cp ${files.join(' ')} / && cd /`,
    dependencies,
    `rm ${files.join(' ')}`,
  ];
  const again = 'What package.json asks for, in /node_modules: Node looks there from every directory.';
  const pinned = [`Run again when ${files.join(' or ')} changes.`];
  const loose = ['There is no lock file, so each build may get other versions: `npm install` in a shell writes one.'];
  return {
    name: 'dependencies',
    comment: [again, ...(lock === undefined ? loose : pinned)],
    inputs: files,
    caches: ['npm'],
    script: `${lines.join('\n')}\n`,
    isPinned: lock !== undefined,
  };
}

function scripts(scripts: Readonly<Record<string, unknown>>, manager: string): DraftCommand[] {
  const names = Object.keys(scripts).filter((name) => !OWN.test(name) && /^[A-Za-z0-9]/.test(name));
  const sorted = [...FIRST.filter((name) => names.includes(name)), ...names.filter((name) => !FIRST.includes(name))];
  return sorted.slice(0, MOST_SCRIPTS).map((script) => {
    const words = [manager, 'run', script, ...(manager === 'npm' ? ['--'] : [])];
    return command(script.replace(/[^A-Za-z0-9._-]+/g, '-').slice(0, 64), textOf(scripts[script]), words);
  });
}

function parsed(text: string): Readonly<Record<string, unknown>> {
  try {
    return recordOf(JSON.parse(text));
  } catch {
    return {};
  }
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
