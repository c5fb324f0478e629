/**
 * `node test/run.ts [GROUP|FILE…]`: the whole test run, or some groups (unit, e2e, attack, build, vm) or files of it.
 *
 * Without words: installs the Debian packages that tests use (as root), checks types, lint and dead code, builds both
 * executables, runs all tests. The last line is `N passed, N failed, N skipped`. With CI=true a skipped test fails the
 * run, unless its reason says that it cannot run here (`CANNOT_RUN_HERE` in packages.ts).
 *
 * The tests of `vm` share one virtual machine; which one, say the options of vm/options.ts.
 */
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, relative } from 'node:path';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { installPackages } from './packages.ts';
import { count, type Finished, type Outcome, summarise } from './summary.ts';
import { type MachineOptions, machineOptions } from './vm/options.ts';
import { startShared } from './vm/shared.ts';

const repository = join(import.meta.dirname, '..');
const bin = join(repository, 'node_modules', '.bin');

interface Group {
  readonly name: string;
  readonly concurrency: number;
}

/** By folder under test/; whatever is in no folder of another group is `unit`. */
const UNIT: Group = { name: 'unit', concurrency: availableParallelism() };
const GROUPS: readonly Group[] = [
  UNIT,
  { name: 'e2e', concurrency: 2 },
  { name: 'attack', concurrency: 1 },
  { name: 'build', concurrency: 1 },
  { name: 'vm', concurrency: 1 },
];

const outcome: Outcome = { passed: 0, failed: [], skipped: [] };

function check(name: string, program: string, words: readonly string[]): void {
  process.stdout.write(`\n# ${name}\n`);
  const { status } = spawnSync(program, words, { cwd: repository, stdio: ['ignore', 'inherit', 'inherit'] });
  if (status === 0) outcome.passed++;
  else outcome.failed.push({ title: name, why: '' });
}

function groupOf(file: string): Group {
  const [folder] = relative(join(repository, 'test'), file).split('/');
  return GROUPS.find(({ name }) => name === folder) ?? UNIT;
}

async function runGroup(group: Group, files: readonly string[]): Promise<void> {
  if (files.length === 0) return;
  process.stdout.write(`\n# ${group.name}\n`);
  const events = run({ files: [...files], concurrency: group.concurrency, cwd: repository, timeout: 15 * 60_000 });
  events.on('test:pass', (event) => {
    // node:test names a file itself where it has no test.
    count(outcome, { ...described(event), result: event.name === event.file ? 'fail' : 'pass' });
  });
  events.on('test:fail', (event) =>
    count(outcome, { ...described(event), result: 'fail', why: said(event.details.error) }),
  );
  const report = events.compose(new spec());
  report.pipe(process.stdout, { end: false });
  await new Promise((resolve, reject) => report.once('end', resolve).once('error', reject));
}

interface TestEvent {
  readonly name: string;
  readonly file?: string | undefined;
  readonly skip?: string | boolean | undefined;
  readonly todo?: string | boolean | undefined;
  readonly details: { readonly type?: string | undefined };
}

function described({ name, file, skip, todo, details }: TestEvent): Omit<Finished, 'result'> {
  const title = file === undefined ? name : `${relative(repository, file)}: ${name}`;
  return { title, type: details.type === 'suite' ? 'suite' : 'test', skip, todo };
}

/** Where an assertion failed and what it saw: node:test wraps what the test threw in an error of its own. */
function said(error: Error): string {
  const thrown = error.cause ?? error;
  if (!(thrown instanceof Error)) return String(thrown);
  return (thrown.stack ?? thrown.message).replaceAll(/\n +at .*node:internal.*/g, '');
}

/** The tests that need a virtual machine: they share it, and it ends with them. */
async function runInMachine(group: Group, files: readonly string[], options: MachineOptions): Promise<void> {
  if (files.length === 0) return;
  process.stdout.write(`\n# virtual machine\n`);
  const stop = await startShared(options);
  await runGroup(group, files).finally(stop);
}

async function main(given: readonly string[]): Promise<void> {
  const { machine, rest: words } = machineOptions(given);
  const all = readdirSync(join(repository, 'test'), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.test.ts'))
    .map((path) => join(repository, 'test', path))
    .sort();
  const everything = words.length === 0;
  installPackages();
  if (everything) {
    check('types', join(bin, 'tsc'), []);
    check('lint', join(bin, 'biome'), ['check', '--error-on-warnings']);
    check('deadcode', join(bin, 'knip'), []);
    check('build', process.execPath, ['build/main.ts', '--if-changed', 'x64', 'arm64']);
  }
  const wanted = new Set(words.map((word) => (word.includes('/') ? join(repository, word) : word)));
  for (const group of GROUPS) {
    const files = all.filter((file) => groupOf(file) === group);
    const chosen = everything || wanted.has(group.name) ? files : files.filter((file) => wanted.has(file));
    await (group.name === 'vm' ? runInMachine(group, chosen, machine) : runGroup(group, chosen));
  }
  const { lines, status } = summarise(outcome, process.env.CI === 'true');
  process.stdout.write(`\n${lines.join('\n')}\n`);
  process.exitCode = status;
}

await main(process.argv.slice(2));
