import type { Label, Slot } from '../argument.ts';
import type { Lowering } from './context.ts';
import { becomeReport, removeGroup, unlessKilled } from './control-group.ts';
import { type Expiry, sayExpired } from './limits.ts';
import { fork } from './namespaces.ts';
import { type RemovalData, removeSandbox } from './removal.ts';
import type { Explainer } from './report.ts';

export interface Ending {
  readonly labels: {
    /** What is left of the sandbox is removed, which is the end of that process. */
    readonly removal: Label;
    /** What the monitor has to say; `exit` where that is nothing. */
    readonly goodbye: Label;
    readonly exit: Label;
  };
  readonly status: Slot;
  /** Its directory is removed. */
  readonly ephemeral: boolean;
  /** Its control group is removed: by the report where the command was killed, for that reads the group's files. */
  readonly grouped: boolean;
  readonly expiry: Expiry | undefined;
  readonly explainer: Explainer | undefined;
}

/** The sandbox has ended and `status` is known: the rest of the monitor's way, to `exit`. */
export function placeEnding(lowering: Lowering, data: RemovalData, ending: Ending): void {
  const { builder } = lowering;
  const { labels, status, ephemeral, grouped, expiry } = ending;
  const { removal, goodbye, exit } = labels;
  const report = grouped ? ending.explainer : undefined;
  // The report takes the monitor's place, so a child removes.
  if (goodbye !== exit) leaveRemoval(lowering, removal, goodbye);
  builder.place(removal);
  if (grouped) {
    const remove = builder.label('remove the group');
    const removed = builder.label('the group is no more ours');
    if (report) {
      unlessKilled(builder, status, remove);
      builder.jump(removed);
    }
    builder.place(remove);
    removeGroup(lowering);
    builder.place(removed);
  }
  if (ephemeral) removeSandbox(lowering, data, exit);
  if (goodbye === exit) return;
  builder.jump(exit);
  builder.place(goodbye);
  if (expiry) sayExpired(builder, expiry);
  if (!report) return;
  unlessKilled(builder, status, exit);
  becomeReport(lowering, report);
  removeGroup(lowering);
}

function leaveRemoval({ builder }: Lowering, removal: Label, goodbye: Label): void {
  const pid = builder.scratch('remover');
  fork(builder, pid);
  builder.branch(pid, 'notEqual', 0, goodbye);
  builder.syscall('close_range', [0, 2, 0], { onError: 'ignore' });
  builder.jump(removal);
}
