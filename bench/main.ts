/**
 * `npm run bench`: measures what a sandbox costs beside other tools, as an ordinary user, prints tables and writes
 * them to docs/performance.md. As root it installs the other tools, uses accounts of its own and works on a disk of
 * its own.
 *
 * The exit status is 1 where something is slower or bigger than it must be. BENCH_RUNS is the number of runs of each
 * (default 30); below 20 nothing is written. BENCH_OUTPUT names another page to write to, which has the same two
 * marks.
 */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import type { Goal } from './goals.ts';
import { isRoot } from './ground/account.ts';
import { type Ground, prepareGround } from './ground/ground.ts';
import { leaveGround } from './ground/leave.ts';
import { runInMountNamespace } from './ground/namespace.ts';
import { installPackages } from './ground/packages.ts';
import { Podman } from './peers/podman.ts';
import { machineLines } from './report/machine.ts';
import { writeMeasured } from './report/page.ts';
import { goalsTable, markdownTable, phasesTable, plainTable, sectionTable, type Table } from './report/tables.ts';
import * as sections from './sections.ts';
import { traceStartUp } from './start-up.ts';

const FEWEST_TO_PUBLISH = 20;
const DEFAULT_RUNS = 30;
const PAGE = join(import.meta.dirname, '..', 'docs', 'performance.md');

/** A part of the report: a title, text, and perhaps a table. */
interface Part {
  readonly title: string;
  readonly table: Table;
  readonly note?: string;
}

function progress(text: string): void {
  process.stderr.write(`${text}\n`);
}

function measure(ground: Ground, runs: number): { parts: Part[]; goals: Goal[] } {
  progress('preparing podman');
  const podman = Podman.prepare(ground);
  const steps = [
    () => sections.launcherFile(ground, runs),
    () => sections.runOnHost(ground, runs),
    () => sections.runOnDebian(ground, podman, runs),
    () => sections.join(ground, podman, runs),
    () => sections.memory(ground, podman, runs),
  ];
  const results = steps.map((step, at) => {
    progress(`measuring, ${at + 1} of ${steps.length + 1}`);
    return step();
  });
  progress(`measuring, ${steps.length + 1} of ${steps.length + 1}`);
  const startUp = traceStartUp(ground, Math.min(runs, FEWEST_TO_PUBLISH));
  const goals = [...results.flatMap((result) => result.goals), sections.sizeOfExecutable(ground)];
  const parts: Part[] = results.map(({ section }) => ({ title: section.title, table: sectionTable(section) }));
  const title = 'Start-up of `sandbox run -- true` (host), traced';
  if (typeof startUp === 'string') parts.push({ title, table: [], note: `Not measured: ${startUp}` });
  else {
    const note = `Opened in Node, in this order: ${startUp.files.map((path) => `\`${path}\``).join(', ')}.`;
    parts.push({ title, table: phasesTable(startUp), note });
  }
  return { parts: [{ title: 'Goals', table: goalsTable(goals) }, ...parts], goals };
}

function report(parts: readonly Part[], machine: readonly string[], format: (table: Table) => string): string {
  const head = machine.map((line) => `- ${line}\n`).join('');
  const texts = parts.map(({ title, table, note }) => {
    const shown = table.length === 0 ? '' : `\n${format(table)}`;
    return `\n### ${title}\n${shown}${note === undefined ? '' : `\n${note}\n`}`;
  });
  return head + texts.join('');
}

function main(words: readonly string[]): number {
  const runs = Number(process.env.BENCH_RUNS ?? DEFAULT_RUNS);
  if (!Number.isInteger(runs) || runs < 1) throw new Error('BENCH_RUNS is to be a number of runs, at least 1');
  if (isRoot) {
    const status = runInMountNamespace(words);
    if (status !== undefined) return status;
  }
  installPackages();
  progress('preparing disk, accounts and root file systems');
  const ground = prepareGround();
  try {
    const { parts, goals } = measure(ground, runs);
    const version = execFileSync(ground.node, ['--version'], { encoding: 'utf8' }).trim();
    const built = execFileSync(ground.sandbox, ['--version'], { encoding: 'utf8' }).trim();
    const machine = [...machineLines(version), `measured: ${built}, ${runs} runs or more of each`];
    process.stdout.write(report(parts, machine, plainTable));
    const page = process.env.BENCH_OUTPUT ?? (runs < FEWEST_TO_PUBLISH ? undefined : PAGE);
    if (page !== undefined) writeMeasured(page, report(parts, machine, markdownTable));
    return goals.some(({ verdict }) => verdict === 'missed') ? 1 : 0;
  } finally {
    leaveGround(ground);
  }
}

process.exitCode = main(process.argv.slice(2));
