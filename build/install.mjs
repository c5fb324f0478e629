// What `npm start` and `npm test` do before anything else, with nothing but Node's own modules (20 or newer): on a fresh
// clone there is no node_modules yet, and the machine's Node may be too old to run the rest.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const repository = join(dirname(fileURLToPath(import.meta.url)), '..');

/** Node 24 from its npm package: the one that the executable holds. */
const node = join(repository, 'node_modules', `node-linux-${process.arch}`, 'bin', 'node');

/** Runs a script of the repository with Node 24 in the repository's root and ends this process where it fails. */
export function runScript(script, ...words) {
  runOrExit(node, [join(repository, script), ...words]);
}

/** Runs a program with this terminal and gives its exit status, as a shell counts it. */
export function run(program, words) {
  const { status, signal, error } = spawnSync(program, words, { cwd: repository, stdio: 'inherit' });
  if (error) {
    process.stderr.write(`cannot run ${program}: ${error.message}\n`);
    return 127;
  }
  return signal ? 128 : status;
}

function runOrExit(program, words) {
  const status = run(program, words);
  if (status !== 0) process.exit(status);
}

/** Installs the packages of package-lock.json, unless just these are installed. */
export function ensureInstalled() {
  if (process.platform !== 'linux' || !['x64', 'arm64'].includes(process.arch)) {
    process.stderr.write('sandbox is built on Linux, x86_64 or arm64\n');
    process.exit(1);
  }
  // Not `npm ci`: it refuses a lock file that does not name the packages for systems that the registry has none for.
  if (!isInstalled()) runOrExit('npm', ['install', '--no-save', '--loglevel=error']);
}

function isInstalled() {
  const wanted = readLock('package-lock.json');
  const installed = readLock('node_modules/.package-lock.json');
  if (!wanted || !installed) return false;
  return Object.entries(wanted).every(
    ([path, { integrity, optional, cpu }]) =>
      path === '' ||
      installed[path]?.integrity === integrity ||
      (optional && !installed[path] && !(path.startsWith('node_modules/node-linux-') && cpu?.includes(process.arch))),
  );
}

function readLock(path) {
  try {
    return JSON.parse(readFileSync(join(repository, path), 'utf8')).packages;
  } catch {
    return undefined;
  }
}
