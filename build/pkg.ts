/**
 * `node pkg.ts JOB` (a PkgJob in JSON): `pkg --sea` in its plain form, without virtual file system and prelude, so that
 * nothing is added to Node's own start-up. pkg's command line passes no configuration on in this form; its function does.
 */
import sea from '@yao-pkg/pkg/lib-es5/sea.js';

type SeaOptions = NonNullable<Parameters<typeof sea.default>[1]>;

export interface PkgJob {
  /** Path of the main script; `seaConfig.main` says how the executable remembers it. */
  readonly main: string;
  /** "Generating single executable preparation blobs" in Node's documentation; all that pkg does not know is passed on. */
  readonly seaConfig: NonNullable<SeaOptions['seaConfig']> & {
    readonly main: string;
    readonly execArgv: readonly string[];
    readonly execArgvExtension: 'none' | 'env' | 'cli';
  };
  readonly target: SeaOptions['targets'][number];
}

const job = JSON.parse(process.argv[2] ?? '') as PkgJob;
await sea.default(job.main, { seaConfig: job.seaConfig, targets: [job.target] });
