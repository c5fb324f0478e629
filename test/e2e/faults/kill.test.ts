import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync, utimesSync } from 'node:fs';
import { describe, it } from 'node:test';
import { environmentOf } from '../../support/user.ts';
import {
  assertNothingLeft,
  eventually,
  gone,
  remains,
  sleepers,
  snapshot,
  uniqueDuration,
} from './support/leftovers.ts';
import { at, ordinary, type Place, place } from './support/place.ts';

/** Milliseconds after the start: Node reads and plans, the launcher sets up, the command runs. */
const MOMENTS = [
  0, 10, 20, 30, 40, 50, 60, 65, 70, 75, 80, 85, 90, 95, 100, 105, 110, 115, 120, 130, 140, 160, 200, 300,
];

function start({ user, cwd, env }: Place, words: readonly string[]): ChildProcess & { readonly pid: number } {
  const child = spawn(user.sandbox, words, {
    cwd,
    env: environmentOf(user, env),
    ...(process.getuid?.() === 0 ? { uid: user.uid, gid: user.gid } : {}),
    stdio: 'ignore',
  });
  assert(child.pid !== undefined);
  return Object.assign(child, { pid: child.pid });
}

const ended = (child: ChildProcess) => new Promise<void>((resolve) => child.once('close', () => resolve()));
const milliseconds = (time: number) => new Promise((resolve) => setTimeout(resolve, time));

function childrenOf(pid: number): number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(/\s+/).filter(Boolean).map(Number);
  } catch {
    return [];
  }
}

function isNode(pid: number): boolean {
  try {
    return readdirSync(`/proc/${pid}/task`).length > 1;
  } catch {
    return false;
  }
}

/** What has no init yet may be a sandbox that is being made, and counts as garbage only after some seconds. */
function makeOld(path: string): void {
  const past = Date.now() / 1000 - 60;
  try {
    utimesSync(path, past, past);
  } catch {
    // removed meanwhile
  }
}

/** Nothing survives, the next run works, and it has cleared away what the killed one could not. */
async function assertRecovered(
  where: Place,
  before: ReturnType<typeof snapshot>,
  durations: readonly string[],
): Promise<void> {
  for (const duration of durations) await gone('the command', () => sleepers(duration));
  const next = async () => {
    for (const name of readdirSync(`${where.store}/runs`)) makeOld(`${where.store}/runs/${name}`);
    const result = await at(where, ['run', '--', 'echo', 'well']);
    assert.deepEqual([result.status, result.stdout], [0, 'well\n'], result.stderr);
  };
  await next();
  await eventually(
    'the garbage to be collected',
    () => remains(where.store).length === 0,
    () => remains(where.store).join(' '),
    next,
  );
  await assertNothingLeft(before);
}

describe('kill -9', ordinary, () => {
  for (const words of [['run'], ['run', '-t'], ['run', '--user', 'root']]) {
    it(`of whatever \`sandbox ${words.join(' ')}\` is at the moment, at ${MOMENTS.length} moments`, async (t) => {
      const where = place(t, 'kill');
      assert.equal((await at(where, ['run', '--', 'true'])).status, 0);
      const before = snapshot(where.store);
      const durations: string[] = [];
      const stages = new Set<string>();
      for (const moment of MOMENTS) {
        const duration = uniqueDuration();
        durations.push(duration);
        const child = start(where, [...words, '--', 'sleep', duration]);
        const end = ended(child);
        await milliseconds(moment);
        stages.add(isNode(child.pid) ? 'node' : sleepers(duration).length > 0 ? 'command' : 'set-up');
        process.kill(child.pid, 'SIGKILL');
        await end;
      }
      assert(stages.has('node'), [...stages].join(' '));
      await assertRecovered(where, before, durations);
    });
  }

  it('of the monitor while the command runs', async (t) => {
    const where = place(t, 'kill');
    const before = snapshot(where.store);
    const durations = Array.from({ length: 5 }, uniqueDuration);
    for (const duration of durations) {
      const child = start(where, ['run', '--', 'sh', '-c', `sleep ${duration} & setsid sleep ${duration} & wait`]);
      await eventually('the command to run', () => sleepers(duration).length === 2);
      const end = ended(child);
      child.kill('SIGKILL');
      await end;
      await gone('the command', () => sleepers(duration));
    }
    await assertRecovered(where, before, durations);
  });

  it('of the init, at once and while the command runs: the monitor says 137 and clears away', async (t) => {
    const where = place(t, 'kill');
    const before = snapshot(where.store);
    const durations: string[] = [];
    for (const patience of [0, 1, 2, 3, 5, 8, 12, 20, 50, 'command'] as const) {
      const duration = uniqueDuration();
      durations.push(duration);
      const child = start(where, ['run', '--', 'sleep', duration]);
      const status = new Promise<number | null>((resolve) => child.once('close', resolve));
      await eventually('an init', () => !isNode(child.pid) && childrenOf(child.pid).length > 0);
      const [init = 0] = childrenOf(child.pid);
      if (patience === 'command') await eventually('the command to run', () => sleepers(duration).length > 0);
      else await milliseconds(patience);
      process.kill(init, 'SIGKILL');
      const result = await status;
      assert(result === 137 || (patience !== 'command' && result === 125), `${patience}: ${result}`);
    }
    await assertRecovered(where, before, durations);
  });

  it('of a sandbox with a name keeps what was changed, and it opens again', async (t) => {
    const where = place(t, 'kill');
    await at(where, ['rm', '--force', 'killed']);
    const duration = uniqueDuration();
    const child = start(where, [
      'shell',
      '--name',
      'killed',
      '--',
      'sh',
      '-c',
      `echo kept > /etc/kept; exec sleep ${duration}`,
    ]);
    await eventually('the command to run', () => sleepers(duration).length > 0);
    const end = ended(child);
    child.kill('SIGKILL');
    await end;
    await gone('the command', () => sleepers(duration));
    const again = await at(where, ['shell', '--name', 'killed', '--', 'cat', '/etc/kept']);
    assert.deepEqual([again.status, again.stdout], [0, 'kept\n'], again.stderr);
    assert.equal((await at(where, ['rm', 'killed'])).status, 0);
  });
});
