import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import type { Spec } from '../../plan/spec.ts';
import { TRIAL_MARK } from '../../review/parts.ts';
import { shelf } from '../../store/layout.ts';
import { note } from '../../ui/output.ts';
import type { OptionValues } from '../arguments/option.ts';
import { orInterrupted } from '../spec/or-interrupted.ts';
import { ownStore } from '../spec/own-store.ts';
import { preparationProgress } from '../spec/preparation-progress.ts';
import { resolveRoot } from '../spec/resolve-root.ts';
import type { RootRequest } from '../spec/root.ts';
import { specFor } from '../spec/start.ts';
import type { trialOptions } from './options.ts';

export interface TrialRequest {
  readonly options: OptionValues<typeof trialOptions>;
  readonly root: RootRequest;
  readonly command: readonly string[] | undefined;
}

/** The status of a sandbox that could not be made: docker-run(1). */
const NOT_MADE = 125;

/** Takes what `try` was given, runs it, and has its changes reviewed. Gives the command's exit status. */
export async function startTrial({ options, root: wanted, command }: TrialRequest): Promise<number> {
  return await orInterrupted(async () => {
    const root = await resolveRoot(wanted, options);
    const store = ownStore();
    const name = options.name ?? freeName(store);
    const asked = options.report || options.learn !== undefined;
    const { spec } = await specFor({
      // What is not trusted is not to talk to anybody unless that is asked for.
      options: { ...options, network: options.network ?? 'none' },
      root,
      lifetime: { kind: 'named', name },
      purpose: 'run',
      profile: 'strict',
      command,
    });
    const { superviseSandbox } = await import('../../sandbox/supervised.ts');
    const trial = {
      ...spec,
      lifetime: { kind: 'named', name },
      workspace: workspaceOf(spec, options.workspace),
    } as const;
    const depth = options.learn === undefined ? 'everything' : 'learn';
    const status = await superviseSandbox(asked ? { ...trial, audit: depth } : trial, preparationProgress, {
      mark: TRIAL_MARK,
      note,
    });
    let audit: object | undefined;
    if (asked && status !== NOT_MADE) {
      const { reportAudit } = await import('./audit-report.ts');
      const { report, json, learn } = options;
      const directory = `${shelf(store, 'sandboxes')}/${name}`;
      audit = await reportAudit({ directory, json, report, ...(learn === undefined ? {} : { learn }) });
    }
    const { reviewTrial } = await import('./review-trial.ts');
    await reviewTrial(name, { diff: options.diff, json: options.json, audit, quiet: status === NOT_MADE });
    return status;
  });
}

/** A directory that would be writable is shown copy-on-write, unless something else was asked for. */
function workspaceOf({ workspace }: Spec, asked: string | undefined): Spec['workspace'] {
  return asked === undefined && workspace.kind === 'rw' ? { kind: 'cow', path: workspace.path } : workspace;
}

const LETTERS = 'abcdefghijkmnpqrstuvwxyz';

function freeName(store: string): string {
  for (;;) {
    const letters = [...randomBytes(5)].map((byte) => LETTERS[byte % LETTERS.length]).join('');
    const name = `try-${letters}`;
    if (!existsSync(`${shelf(store, 'sandboxes')}/${name}`)) return name;
  }
}
