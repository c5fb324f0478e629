import { build } from 'esbuild';
import { assembleInterpreters } from './assemble-interpreters.ts';
import { repository } from './paths.ts';

/**
 * Bundles `src/main.ts` into one script, in ASCII: an expression whose value is a function of `require`.
 *
 * There is no code splitting in a single executable application. What keeps start-up short instead: modules that are
 * only reached through `import()` become functions that run when they are asked for.
 */
export async function bundle(): Promise<string> {
  const result = await build({
    absWorkingDir: repository,
    entryPoints: ['src/main.ts'],
    plugins: [assembleInterpreters],
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
    logLevel: 'warning',
    logOverride: { 'empty-import-meta': 'error' },
  });
  const [file] = result.outputFiles;
  if (file === undefined) throw new Error('esbuild wrote no bundle');
  return `(function(require){${file.text}})`;
}
