import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, readlinkSync } from 'node:fs';
import { listTree, type Tree } from '../../../support/tree.ts';
import { environmentOf, type TestUser } from '../../../support/user.ts';

interface Options {
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** A program inside that ends with its standard input. Default: cat. */
  readonly command?: readonly string[];
}

/** Gives the child with a mount namespace of its own: there may be others, that pulled the image. */
function initOf(monitor: number): string | undefined {
  const namespace = (pid: number | string): string | undefined => {
    try {
      return readlinkSync(`/proc/${pid}/ns/mnt`);
    } catch {
      return undefined; // it ends
    }
  };
  const children = readFileSync(`/proc/${monitor}/task/${monitor}/children`, 'utf8').trim().split(' ');
  return children.find((pid) => ![undefined, namespace('self')].includes(namespace(pid)));
}

/**
 * Starts `sandbox run WORDS -- cat` and lists the root file system as the processes in it see it, from their user
 * namespace: what is mounted over it is left out. Gives the tree and the mount points.
 */
export async function treeInside(
  user: TestUser,
  { env, cwd, command = ['cat'] }: Options,
  words: readonly string[],
): Promise<{ tree: Tree; mountPoints: readonly string[] }> {
  const child = spawn(user.sandbox, ['run', '--network', 'none', '--workspace', 'none', ...words, '--', ...command], {
    cwd,
    env: environmentOf(user, env),
    ...(process.getuid?.() === 0 ? { uid: user.uid, gid: user.gid } : {}),
  });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
  const ended = once(child, 'close');
  try {
    // What cat gives back says that the sandbox is made.
    child.stdin.write('open\n');
    await Promise.race([once(child.stdout, 'data'), ended]);
    const init = initOf(child.pid ?? 0) ?? '';
    assert.match(init, /^\d+$/, `no process of the sandbox: ${said}`);
    const mountPoints = readFileSync(`/proc/${init}/mountinfo`, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) =>
        (line.split(' ')[4] ?? '').replace(/\\([0-7]{3})/g, (_, digits) => String.fromCharCode(parseInt(digits, 8))),
      )
      .filter((path) => path !== '/');
    const enter = ['nsenter', '--target', init, '--user', '--preserve-credentials', '--'];
    return { tree: await listTree(user, enter, `/proc/${init}/root`, mountPoints), mountPoints };
  } finally {
    child.stdin.end();
    await ended;
  }
}
