import {
  command,
  type Directory,
  type DraftCommand,
  type DraftStep,
  type DraftVariable,
  type Findings,
  isEnough,
  versionIn,
} from './findings.ts';
import { type Manager, managerOf } from './node-manager.ts';

/** Of Debian 12. */
const DEBIAN_NODE = [18];
/** Scripts that npm runs by itself: npm-scripts(7). */
const OWN = /^(?:pre|post)|^(?:prepare|install|uninstall|dependencies|restart|stop|version)$/;
const FIRST = ['test', 'start', 'dev', 'build', 'lint'];
const MOST_SCRIPTS = 8;

/** Gives what package.json and the lock files say. */
export function nodeFindings(directory: Directory): Findings {
  const manifest = parsed(directory.text('package.json'));
  const manager = managerOf(directory, textOf(manifest.packageManager), manifest.workspaces !== undefined);
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
    shims: [...new Set(['node', 'npm', manager.name])],
    ...installed(manifest, manager),
  };
}

/** Dependencies are a layer of the environment where that can be, else in the project. */
function installed(
  manifest: Readonly<Record<string, unknown>>,
  manager: Manager,
): Pick<Findings, 'steps' | 'variables' | 'commands'> {
  const { name, lock, isWorkspace, findsAbove } = manager;
  const commands = scripts(recordOf(manifest.scripts), name);
  const tool = toolOf(manager);
  if (isWorkspace) {
    const install = name === 'npm' && lock !== undefined ? 'ci' : 'install';
    const description = 'The dependencies, into node_modules of the project: to be run first';
    return { steps: tool, variables: [], commands: [command('install', description, [name, install]), ...commands] };
  }
  if (!needsInstall(manifest)) return { steps: tool, variables: [], commands };
  return { steps: [...tool, dependencies(manager)], variables: findsAbove ? [] : [PATH], commands };
}

const PATH: DraftVariable = {
  name: 'PATH',
  value: '/node_modules/.bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  comment: 'Programs of the dependencies come first.',
};

function needsInstall(manifest: Readonly<Record<string, unknown>>): boolean {
  const lists = [manifest.dependencies, manifest.devDependencies, manifest.optionalDependencies];
  return lists.some((list) => Object.keys(recordOf(list)).length > 0);
}

/** The step that installs the manager itself, where it does not come with npm. */
function toolOf({ name, from }: Manager): DraftStep[] {
  if (from === undefined) return [];
  const loose = `Each build may get another ${name}: \`packageManager\` of package.json pins it.`;
  return [
    {
      name,
      comment: ["What package.json's scripts are run with.", ...(from.isPinned ? [] : [loose])],
      inputs: [],
      caches: ['npm'],
      script: `npm install --global --no-audit --no-fund ${from.spec}\n`,
      isPinned: from.isPinned,
    },
  ];
}

function dependencies({ lock, install, leaves }: Manager): DraftStep {
  const files = ['package.json', ...(lock === undefined ? [] : [lock])];
  const lines = [
    `cp ${files.join(' ')} / && cd /`,
    install,
    `rm ${files.join(' ')}`,
    ...(leaves.length === 0 ? [] : [`rm -rf ${leaves.join(' ')}`]),
  ];
  const again = 'What package.json asks for, in /node_modules: Node looks there from every directory.';
  const pinned = [`Run again when ${files.join(' or ')} changes.`];
  const loose = ['There is no lock file, so each build may get other versions.'];
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
