import { execFile } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { bundle, CACHED } from './bundle.ts';
import { writeCodeCache } from './code-cache.ts';
import { type Arch, lockedPackage, readPackageFile, writeWhole } from './packages.ts';
import { cacheDirectory } from './paths.ts';
import type { PkgJob } from './pkg.ts';
import { stripElf } from './strip.ts';

/**
 * Builds the executable for `arch` and writes it to `output`, whole or not at all: Node from its npm package, stripped,
 * with the bundle and koffi's native file injected by `pkg --sea`.
 */
export async function buildExecutable(arch: Arch, output: string): Promise<void> {
  await mkdir(cacheDirectory, { recursive: true });
  const work = await mkdtemp(join(cacheDirectory, 'build-'));
  try {
    const { version } = await lockedPackage(`node-linux-${arch}`);
    const node = await fillPkgCache(join(work, 'home'), arch, version);
    for (const [name, script] of Object.entries(await bundle())) {
      await writeFile(join(work, `${name}.cjs`), script);
      if (arch !== process.arch || !CACHED.some((cached) => cached === name)) continue;
      await writeCodeCache(node, join(work, `${name}.cjs`), join(work, `${name}.cache`));
    }
    await copyFile(join(import.meta.dirname, 'loader.cjs'), join(work, 'loader.cjs'));
    await writeFile(join(work, 'koffi.node'), await readKoffi(arch));
    await mkdir(join(work, 'tmp'));
    await runPkg(work, arch, version);
    await writeWhole(output, await readFile(join(work, 'sandbox')), 0o755);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

async function readKoffi(arch: Arch): Promise<Buffer> {
  return stripElf(await readPackageFile(`@koromix/koffi-linux-${arch}`, arch, `linux_${arch}/koffi.node`));
}

/**
 * Puts Node where pkg looks for what it downloaded earlier. The empty archive and the `.ok` files are pkg's own marks of
 * a finished download and extraction (`lib-es5/sea.js`). Gives the path of the stripped Node.
 */
async function fillPkgCache(home: string, arch: Arch, version: string): Promise<string> {
  const archive = join(home, '.pkg-cache', 'sea', `node-v${version}-linux-${arch}`);
  const node = join(archive, 'bin', 'node');
  await mkdir(join(archive, 'bin'), { recursive: true });
  await writeFile(node, stripElf(await readPackageFile(`node-linux-${arch}`, arch, 'bin/node')), { mode: 0o755 });
  await Promise.all([`${archive}.tar.gz`, `${archive}.tar.gz.ok`, `${node}.ok`].map((path) => writeFile(path, '')));
  return node;
}

/** What Node's documentation calls the configuration of a single executable application. */
function seaConfiguration(arch: Arch): PkgJob['seaConfig'] {
  return {
    // Relative to pkg's directory in `work/tmp`: the path is stored in the executable, which must not depend on where
    // it was built.
    main: '../../loader.cjs',
    assets: {
      'koffi.node': '../../koffi.node',
      'main.cjs': '../../main.cjs',
      'later.cjs': '../../later.cjs',
      'seldom.cjs': '../../seldom.cjs',
      // Only the architecture that made a code cache can use it.
      ...(arch === process.arch ? { 'main.cache': '../../main.cache', 'later.cache': '../../later.cache' } : {}),
    },
    disableExperimentalSEAWarning: true,
    useSnapshot: false,
    useCodeCache: false,
    // A user's NODE_OPTIONS are meant for the user's own programs, and a mistake in the system's openssl.cnf, which Node
    // reads at every start, is not to stop this one.
    execArgvExtension: 'none',
    // The `--` keeps Node from taking the `--env-file` that `sandbox run` is given for its own: it looks for that among
    // all arguments, reads the file, and ends with a status and a message of its own where it is missing.
    execArgv: ['--no-warnings', '--openssl-config=/dev/null', '--'],
  };
}

/**
 * Runs pkg in a process with a home and a temporary directory of its own: what it keeps and leaves there goes with `work`.
 */
async function runPkg(work: string, arch: Arch, version: string): Promise<void> {
  const job: PkgJob = {
    main: join(work, 'loader.cjs'),
    seaConfig: seaConfiguration(arch),
    target: { nodeRange: `node${version}`, platform: 'linux', arch, output: join(work, 'sandbox') },
  };
  await promisify(execFile)(process.execPath, [join(import.meta.dirname, 'pkg.ts'), JSON.stringify(job)], {
    env: { ...process.env, HOME: join(work, 'home'), TMPDIR: join(work, 'tmp') },
  });
}
