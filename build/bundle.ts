import { join, relative } from 'node:path';
import { type BuildOptions, build, type Plugin } from 'esbuild';
import { assembleInterpreters } from './assemble-interpreters.ts';
import { repository } from './paths.ts';

/**
 * What is only reached through `import()` and not on the way of `run` and `shell` when their launcher is kept: it goes to
 * a script of its own, which is read when it is asked for. Only modules that give data, or a status, stand here: what they
 * share with the first script exists twice, so nothing may depend on the identity of a class or on a variable. An error
 * thrown out of one is known by its code.
 */
const LATER = [
  'src/cgroup/open-group.ts',
  'src/cgroup/user-manager.ts',
  'src/image/pack/serve.ts',
  'src/image/unpack/serve.ts',
  'src/launch/compile.ts',
  'src/plan/plan.ts',
  'src/sandbox/removal.ts',
  'src/sandbox/skeletons.ts',
];

/**
 * The same, of what nobody waits for in a hurry: these have no code cache, which takes more room than the script itself.
 */
const SELDOM = [
  'src/commands/add/edit-lists.ts',
  'src/commands/completion/known-names.ts',
  'src/commands/image/free-unused.ts',
  'src/commands/image/image-history.ts',
  'src/commands/image/inspect-images.ts',
  'src/commands/image/list-images.ts',
  'src/commands/image/load-images.ts',
  'src/commands/image/pull-images.ts',
  'src/commands/image/pull-with-progress.ts',
  'src/commands/image/remove-images.ts',
  'src/commands/image/save-images.ts',
  'src/commands/image/tag-image.ts',
  'src/commands/init/init-project.ts',
  'src/commands/lock/lock-project.ts',
  'src/commands/logs/show-logs.ts',
  'src/commands/outdated/show-outdated.ts',
  'src/commands/project/build/build-project.ts',
  'src/commands/project/prepare-anew.ts',
  'src/commands/project/build/verify-project.ts',
  'src/commands/export/export-program.ts',
  'src/commands/shim/fresh-environment.ts',
  'src/commands/shim/shims-here.ts',
  'src/commands/trust/trust-project.ts',
  'src/commands/try/review-trial.ts',
  'src/commands/up/bring-up.ts',
  'src/commands/up/serve-background.ts',
  'src/commands/up/stop-services.ts',
  'src/commands/up/with-services.ts',
  'src/doctor/diagnose.ts',
  'src/doctor/host-probe.ts',
  'src/explain/explain.ts',
  'src/host/layer-copy/merge.ts',
  'src/image/pull.ts',
  'src/image/registry/login.ts',
  'src/plan/seccomp/docker-profile.ts',
  'src/project/load.ts',
  'src/project/schema/json-schema.ts',
  'src/review/client.ts',
  'src/review/serve.ts',
  'src/sandbox/disk-usage.ts',
  'src/sandbox/garbage-all.ts',
  'src/sandbox/lifecycle.ts',
  'src/sandbox/reset.ts',
  'src/sandbox/trials.ts',
];
/** How the first script asks the loader for a module of another: `later:PATH`, `seldom:PATH`. */
const SCRIPTS = { later: LATER, seldom: SELDOM } as const;

/** The scripts of the executable: expressions in ASCII whose values are functions of `require`. */
export interface Bundle {
  readonly main: string;
  /** These give an object with a function for each of their modules, by the path in the repository. */
  readonly later: string;
  readonly seldom: string;
}

/** Those that get a code cache. */
export const CACHED: ReadonlyArray<keyof Bundle> = ['main', 'later'];

/**
 * Bundles `src/main.ts`. There is no code splitting in a single executable application. What keeps start-up short
 * instead: modules that are only reached through `import()` become functions that run when they are asked for, and some
 * of them a script of their own.
 */
export async function bundle(): Promise<Bundle> {
  const [main, later, seldom] = await Promise.all([
    script({ entryPoints: ['src/main.ts'], plugins: [assembleInterpreters, leaveForLater] }),
    modules(LATER),
    modules(SELDOM),
  ]);
  return { main: `(function(require){${main}})`, later, seldom };
}

async function modules(paths: readonly string[]): Promise<string> {
  const members = paths.map((path) => `${JSON.stringify(path)}: () => require(${JSON.stringify(`./${path}`)})`);
  const contents = `module.exports = { ${members.join(', ')} };`;
  const text = await script({ stdin: { contents, resolveDir: repository }, plugins: [assembleInterpreters] });
  return `(function(require){const module={};${text}return module.exports})`;
}

const leaveForLater: Plugin = {
  name: 'leave-for-later',
  setup(build) {
    build.onResolve({ filter: /^\.{1,2}\/.*\.ts$/ }, ({ kind, path, resolveDir }) => {
      const name = relative(repository, join(resolveDir, path));
      const found = Object.entries(SCRIPTS).find(([, paths]) => paths.includes(name));
      return kind === 'dynamic-import' && found ? { path: `${found[0]}:${name}`, external: true } : undefined;
    });
  },
};

async function script(options: BuildOptions): Promise<string> {
  const result = await build({
    ...options,
    absWorkingDir: repository,
    bundle: true,
    write: false,
    platform: 'node',
    target: 'node24',
    format: 'cjs',
    // `import('node:…')` becomes `require`, which is what the main script of an executable has.
    supported: { 'dynamic-import': false },
    // Where a file of the repository is read when unbuilt, the built file has other means, and no such place.
    define: { 'import.meta.url': '"file:///"' },
    // Names stay, so that a stack trace in a bug report can be read.
    minifySyntax: true,
    minifyWhitespace: true,
    charset: 'ascii',
    // Not read from the file, whose other settings have nothing to do with the bundle.
    tsconfigRaw: { compilerOptions: { strict: true, verbatimModuleSyntax: true } },
    legalComments: 'none',
    // Packages are named by their place in the repository, wherever that is.
    preserveSymlinks: true,
    logLevel: 'warning',
    logOverride: { 'empty-import-meta': 'error' },
  });
  const [file] = result.outputFiles ?? [];
  if (file === undefined) throw new Error('esbuild wrote no bundle');
  return file.text;
}
