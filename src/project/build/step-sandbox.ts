import { closeSync, openSync, writeSync } from 'node:fs';
import type { HostFacts } from '../../host/facts.ts';
import { surveyHost } from '../../host/survey.ts';
import { makeDirectory } from '../../linux/make-directory.ts';
import { PROFILES } from '../../plan/profiles.ts';
import type { Spec } from '../../plan/spec.ts';
import { runStep, type StepEnd } from '../../sandbox/step.ts';
import { lockPath, type StoreLock } from '../../store/lock.ts';
import { ensureProjectPath } from '../../store/projects.ts';
import { ProjectError } from '../error.ts';
import type { Step, Variable } from '../model.ts';
import { type CacheParts, cacheParts } from './caches.ts';
import type { BaseImage, BuildRequest } from './model.ts';
import type { BuildSession } from './session.ts';

/** Where a step finds its inputs, and starts. */
export const INPUTS_INSIDE = '/inputs';
const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
/** 1980: the oldest time that zip archives know, as builders of packages take it (reproducible-builds.org). */
const DEFAULT_EPOCH = 315_532_800;

/** Gives what times are clamped to, seconds: when the image was made, SOURCE_DATE_EPOCH of its steps. */
export function epochOf({ created }: Pick<BaseImage, 'created'>): number {
  const seconds = Math.floor(Date.parse(created ?? '') / 1000);
  // Builders write the year 1 where they do not want to say it.
  return seconds >= 0 ? seconds : DEFAULT_EPOCH;
}

export interface StepSandbox {
  readonly request: Pick<
    BuildRequest,
    'facts' | 'project' | 'environment' | 'base' | 'events' | 'sharedCaches' | 'signal'
  >;
  readonly step: Step;
  /** Of all steps. */
  readonly of: number;
  /** Trees below, uppermost first. */
  readonly layers: readonly string[];
}

/** Gives the caches of a step; their variables are those that count unless the step sets them. */
export function cachesOf({ request, step }: Pick<StepSandbox, 'request' | 'step'>): CacheParts {
  const { facts, project, base, sharedCaches = false } = request;
  const variables = [...base.defaults.env, ...step.variables];
  return cacheParts(step.caches, { store: facts.store, directory: project.directory, shared: sharedCaches, variables });
}

/** Names a step for people: `step 3 (dependencies)`. */
export function stepName({ number, name }: Pick<Step, 'number' | 'name'>): string {
  return name === `step ${number}` ? name : `step ${number} (${name})`;
}

/**
 * Runs a step in the session's directory, whose inputs/ are there. Its output goes to a file and to the events. Throws a
 * ProjectError of code STEP_FAILED, and what runStep throws.
 */
export async function runStepScript(session: BuildSession, sandbox: StepSandbox): Promise<StepEnd> {
  const { request, step, of } = sandbox;
  const { events, signal } = request;
  const caches = cachesOf(sandbox);
  const locks = await lockCaches(caches, sandbox);
  const { path: log, file } = openLog(sandbox);
  try {
    const facts = withoutPlace(request.facts.overlay === undefined ? surveyHost() : request.facts);
    const end = await runStep({
      spec: specOf(session, sandbox, caches),
      facts,
      output: (chunk) => {
        for (let written = 0; written < chunk.length; ) written += writeSync(file, chunk, written);
        events.output(step, chunk);
      },
      ...(signal === undefined ? {} : { signal }),
    });
    if (end.started && end.status === 0) return end;
    events.step({ kind: 'failed', step, of, status: end.status, log });
    throw failure(sandbox, end, log);
  } finally {
    closeSync(file);
    for (const lock of locks) lock.release();
  }
}

/** A result is the same in every time zone. */
function withoutPlace({ localtime: _, ...facts }: HostFacts): HostFacts {
  return facts;
}

async function lockCaches({ locks }: CacheParts, { request, step }: StepSandbox): Promise<StoreLock[]> {
  const { events, signal } = request;
  const held: StoreLock[] = [];
  try {
    // In the order of their names: two steps that wait for each other would wait for ever.
    for (const path of locks) {
      const onWait = (): void => events.note(`${stepName(step)} waits for a cache that another build uses`);
      const waiting = { onWait, ...(signal === undefined ? {} : { signal }) };
      held.push(await lockPath(path, 'exclusive', 'a cache', waiting));
    }
    return held;
  } catch (error) {
    for (const lock of held) lock.release();
    throw error;
  }
}

function openLog({ request, step }: StepSandbox): { readonly path: string; readonly file: number } {
  const directory = `${ensureProjectPath(request.facts.store, request.project.directory)}/logs`;
  makeDirectory(directory);
  const path = `${directory}/${request.environment.name}-${step.number}.log`;
  return { path, file: openSync(path, 'w', 0o600) };
}

function specOf(
  session: BuildSession,
  { request, step, layers }: StepSandbox,
  caches: CacheParts,
): Spec & { readonly lifetime: { readonly kind: 'build' } } {
  const { name, manifest, defaults } = request.base;
  const inputs = { source: `${session.directory.path}/inputs`, destination: INPUTS_INSIDE, access: 'ro' } as const;
  return {
    lifetime: { kind: 'build', name: session.directory.id },
    rootfs: { kind: 'image', name, manifest, layers },
    workspace: { kind: 'none' },
    workdir: INPUTS_INSIDE,
    user: { kind: 'default' },
    environment: environmentOf([
      ['PATH', DEFAULT_PATH],
      ['HOME', '/root'],
      ['SOURCE_DATE_EPOCH', String(epochOf(request.base))],
      ...defaults.env,
      ...caches.variables,
      ...step.variables,
    ]),
    hostname: 'sandbox',
    readOnly: false,
    network: step.network,
    volumes: [inputs, ...caches.volumes],
    tmpfs: [],
    devices: [],
    secrets: [],
    // No terminal: a question would be answered differently each time.
    security: { ...PROFILES.dev, session: 'own' },
    resourceLimits: [],
    terminal: 'inherited',
    stdin: false,
    command: ['/bin/sh', '-eu', '-c', step.script],
  };
}

/** The last of a name counts, where the first stood. */
function environmentOf(variables: readonly Variable[]): Variable[] {
  return [...new Map(variables)];
}

function failure({ request, step }: StepSandbox, { status, started }: StepEnd, log: string): ProjectError {
  const { name } = request.environment;
  const shell = `sandbox shell ${name === 'default' ? '' : `${name} `}--at-step ${step.number}`;
  const look = `all that it said: ${log}`;
  if (started) {
    return new ProjectError('STEP_FAILED', `${stepName(step)} failed with status ${status}`, {
      hint: `${look}\n\`${shell}\` opens a shell in the state before it`,
    });
  }
  if (status === 127 || status === 126) {
    return new ProjectError('STEP_FAILED', `${stepName(step)} cannot be run: ${request.base.name} has no /bin/sh`, {
      hint: 'steps are shell scripts: take an image with a shell, such as debian or alpine',
    });
  }
  return new ProjectError('STEP_FAILED', `${stepName(step)} was not run: its sandbox could not be made`, {
    hint: look,
  });
}
