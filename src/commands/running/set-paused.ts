import { setFrozen } from '../../cgroup/control.ts';
import { requireGroup } from '../../cgroup/find-group.ts';
import { forEachRunning, titleOf } from './running-sandbox.ts';

/** Stops sandboxes where they are, or lets them go on; gives the exit status. */
export async function setPaused(names: readonly string[], paused: boolean): Promise<number> {
  return await forEachRunning(names, async (sandbox) => {
    await setFrozen(requireGroup(titleOf(sandbox), sandbox.pid), paused);
  });
}
