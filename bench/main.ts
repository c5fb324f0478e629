/**
 * `npm run bench [-- GROUP|SECTION…]`: measures what a sandbox costs beside other tools, as an ordinary user, prints
 * tables and writes them to docs/performance.md. The groups are `core`, `images`, `work` and `project`; a single section is printed only.
 * As root it installs the other tools, uses accounts of its own and works on a disk of its own.
 *
 * The exit status is 1 where something is slower or bigger than it must be. BENCH_RUNS is the number of runs of each
 * (default 30, what takes seconds at most 7); below 20 nothing is written. BENCH_OUTPUT names another page to write to,
 * which has the same marks.
 */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import type { Goal } from './goals.ts';
import { isRoot } from './ground/account.ts';
import { type Ground, prepareGround } from './ground/ground.ts';
import { leaveGround } from './ground/leave.ts';
import { isSecondStart, runInMountNamespace } from './ground/namespace.ts';
import { installPackages } from './ground/packages.ts';
import { chosen, type GroupName, isWhole, openGroup } from './groups.ts';
import { machineLines } from './report/machine.ts';
import type { Part } from './report/measured.ts';
import { writeMeasured } from './report/page.ts';
import { goalsTable, markdownTable, plainTable, type Table } from './report/tables.ts';

const FEWEST_TO_PUBLISH = 20;
const DEFAULT_RUNS = 30;
const PAGE = join(import.meta.dirname, '..', 'docs', 'performance.md');

function progress(text: string): void {
  process.stderr.write(`${text}\n`);
}

function report(parts: readonly Part[], machine: readonly string[], format: (table: Table) => string): string {
  const head = machine.map((line) => `- ${line}\n`).join('');
  const texts = parts.map(({ title, table, note }) => {
    const shown = table.length === 0 ? '' : `\n${format(table)}`;
    return `\n### ${title}\n${shown}${note === undefined ? '' : `\n${note}\n`}`;
  });
  return head + texts.join('');
}

/** Measures sections of a group, prints and publishes them; gives whether nothing is slower or bigger than it must be. */
async function measure(ground: Ground, name: GroupName, names: readonly string[], runs: number): Promise<boolean> {
  progress(`preparing ${name}`);
  const group = await openGroup(name, ground);
  const parts: Part[] = [];
  const goals: Goal[] = [];
  try {
    for (const section of names) {
      progress(`measuring ${section}`);
      const measured = group.sections[section]?.(runs);
      parts.push(...(measured?.parts ?? []));
      goals.push(...(measured?.goals ?? []));
    }
  } finally {
    await group.leave?.();
  }
  const version = execFileSync(ground.node, ['--version'], { encoding: 'utf8' }).trim();
  const built = execFileSync(ground.sandbox, ['--version'], { encoding: 'utf8' }).trim();
  const machine = [...machineLines(version), `measured: ${built}, BENCH_RUNS=${runs}`];
  const all = [{ title: `Goals, ${name}`, table: goalsTable(goals) }, ...parts];
  process.stdout.write(`${report(all, machine, plainTable)}\n`);
  const page = process.env.BENCH_OUTPUT ?? (runs < FEWEST_TO_PUBLISH ? undefined : PAGE);
  if (page !== undefined && isWhole(name, names)) writeMeasured(page, name, report(all, machine, markdownTable));
  return goals.every(({ verdict }) => verdict !== 'missed');
}

async function main(words: readonly string[]): Promise<number> {
  const runs = Number(process.env.BENCH_RUNS ?? DEFAULT_RUNS);
  if (!Number.isInteger(runs) || runs < 1) throw new Error('BENCH_RUNS is to be a number of runs, at least 1');
  const groups = chosen(words.filter((word) => !isSecondStart(word)));
  if (isRoot) {
    const status = runInMountNamespace(words);
    if (status !== undefined) return status;
  }
  installPackages();
  progress('preparing disk, accounts and root file systems');
  const ground = prepareGround();
  try {
    const good: boolean[] = [];
    for (const [name, names] of groups) good.push(await measure(ground, name, names, runs));
    return good.every((each) => each) ? 0 : 1;
  } finally {
    leaveGround(ground);
  }
}

process.exitCode = await main(process.argv.slice(2));
