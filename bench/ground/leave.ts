import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { environmentOf, isRoot } from './account.ts';
import { type Ground, OPEN } from './ground.ts';
import { end, processesOf } from './leftover.ts';

/**
 * Ends what peers leave running (podman keeps a process to hold its namespaces) and removes what no namespace holds.
 */
export function leaveGround({ disk, full, bare, sandbox }: Ground): void {
  end(isRoot ? processesOf([full.uid, bare.uid]) : pauseProcess(full.runtimeDirectory));
  process.chdir('/');
  if (isRoot) return;
  // Some files belong to subordinate ids, and overlayfs keeps a directory without any permission.
  const options = { env: environmentOf(full), stdio: 'ignore' } as const;
  spawnSync(sandbox, ['rm', OPEN], options);
  spawnSync('podman', ['unshare', 'rm', '-rf', `${full.home}/podman`], options);
  end(pauseProcess(full.runtimeDirectory));
  spawnSync('chmod', ['-R', 'u+rwX', disk], options);
  if (spawnSync('rm', ['-rf', disk], options).status !== 0)
    process.stderr.write(`not all of ${disk} could be removed\n`);
}

function pauseProcess(runtimeDirectory: string): number[] {
  try {
    const pid = Number(readFileSync(`${runtimeDirectory}/libpod/tmp/pause.pid`, 'utf8'));
    return Number.isInteger(pid) && pid > 1 ? [pid] : [];
  } catch {
    return [];
  }
}
