import { findGroup } from '../../cgroup/find-group.ts';
import { processUsage } from '../../cgroup/processes.ts';
import { groupUsage, type Usage } from '../../cgroup/statistics.ts';
import { note, print } from '../../ui/output.ts';
import { type RunningSandbox, runningSandboxes, titleOf } from '../running/running-sandbox.ts';
import { type Row, statsTable } from './stats-table.ts';

interface Sample {
  readonly at: bigint;
  readonly usage: Usage;
}

/** How long a sandbox is watched, milliseconds. */
const ONCE_MS = 500;
const LIVE_MS = 1000;

/** From the top left corner on; the rest of the screen is emptied. */
const REDRAW = '\x1b[H';
const CLEAR_BELOW = '\x1b[J';
const CLEAR_ALL = '\x1b[2J';

/** Shows what sandboxes use, once or until it is interrupted; gives the exit status. Throws UsageError. */
export async function showStats(
  typed: readonly string[],
  { json, live }: { readonly json: boolean; readonly live: boolean },
): Promise<number> {
  let earlier = sampleAll(await runningSandboxes(typed));
  if (live) print(CLEAR_ALL);
  for (;;) {
    if (earlier.size > 0 || live) await new Promise((resolve) => setTimeout(resolve, live ? LIVE_MS : ONCE_MS));
    const sandboxes = live && typed.length > 0 ? await stillRunning(typed) : await runningSandboxes(typed);
    const now = sampleAll(sandboxes);
    const rows = sandboxes.flatMap((sandbox) => rowOf(sandbox, earlier.get(sandbox.id), now.get(sandbox.id)) ?? []);
    earlier = now;
    if (live) print(`${REDRAW}${statsTable(rows).replaceAll('\n', '\x1b[K\n')}${CLEAR_BELOW}`);
    else if (json) print(`${JSON.stringify(rows, null, 2)}\n`);
    else print(statsTable(rows));
    if (!live && !json && rows.some(({ source }) => source === 'processes')) {
      note('without a control group there are sums over processes, and no pressure: open it with --limits required');
    }
    if (!live || (typed.length > 0 && rows.length === 0)) return 0;
  }
}

/** Who was named may end while it is watched. */
async function stillRunning(typed: readonly string[]): Promise<RunningSandbox[]> {
  try {
    return await runningSandboxes(typed);
  } catch {
    return [];
  }
}

function sampleAll(sandboxes: readonly RunningSandbox[]): Map<string, Sample> {
  return new Map(
    sandboxes.map(({ id, pid }) => {
      const group = findGroup(pid);
      const usage = group === undefined ? processUsage(pid) : groupUsage(group);
      return [id, { at: process.hrtime.bigint(), usage }];
    }),
  );
}

function rowOf(sandbox: RunningSandbox, before: Sample | undefined, now: Sample | undefined): Row | undefined {
  if (now === undefined) return undefined;
  const { usage } = now;
  const elapsed = before === undefined ? 0 : Number(now.at - before.at) / 1000;
  const used = (usage.cpuTime ?? 0) - (before?.usage.cpuTime ?? 0);
  // What ended meanwhile takes its time with it, where processes are summed up.
  const cpuPercent = elapsed > 0 && usage.cpuTime !== undefined ? Math.max(0, (used / elapsed) * 100) : undefined;
  return {
    name: titleOf(sandbox),
    id: sandbox.id,
    cpuPercent: cpuPercent === undefined ? undefined : Math.round(cpuPercent * 100) / 100,
    ...usage,
  };
}
