import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import type { Spec } from '../../plan/spec.ts';
import { TRIAL_MARK } from '../../review/parts.ts';
import { shelf } from '../../store/layout.ts';
import { note } from '../../ui/output.ts';
import type { OptionValues } from '../arguments/option.ts';
import type { SandboxRequest } from '../spec/build-spec.ts';
import { ownStore } from '../spec/own-store.ts';
import { preparationProgress } from '../spec/preparation-progress.ts';
import { specFor } from '../spec/start.ts';
import type { trialOptions } from './options.ts';

export interface TrialRequest extends Pick<SandboxRequest, 'root' | 'command' | 'purpose' | 'project'> {
  readonly options: OptionValues<typeof trialOptions>;
}

/** The status of a sandbox that could not be made: docker-run(1). */
const NOT_MADE = 125;

/** Takes what `try` was given, runs it, and has its changes reviewed. Gives the command's exit status. */
export async function startTrial({ options, ...request }: TrialRequest): Promise<number> {
  const store = ownStore();
  const name = options.name ?? freeName(store);
  const asked = options.report || options.learn !== undefined;
  const { spec } = await specFor({
    ...request,
    // What is not trusted is not to talk to anybody unless that is asked for.
    options: { ...options, network: options.network ?? 'none' },
    lifetime: { kind: 'named', name },
    profile: 'strict',
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
