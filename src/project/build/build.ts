import { renameSync, rmSync, statSync } from 'node:fs';
import { placeStepLayer } from '../../image/pack/step-layer.ts';
import { rootMapping } from '../../plan/identity.ts';
import { asidePath } from '../../store/aside.ts';
import { type Digest, digestParts } from '../../store/digest.ts';
import { layerKey } from '../../store/layers.ts';
import { ensureProjectPath } from '../../store/projects.ts';
import { findStep, recordStep } from '../../store/steps.ts';
import { ProjectError } from '../error.ts';
import type { Environment, Step } from '../model.ts';
import type { Stamp } from '../stamp.ts';
import { copyInputs, digestInputs } from './input-content.ts';
import { findInputs, type Input } from './inputs.ts';
import type { BuildRequest, BuiltEnvironment, BuiltStep, StepSurroundings } from './model.ts';
import { keyOf, type Parent, recipeOf } from './recipe.ts';
import { BuildSession } from './session.ts';
import { cachesOf, epochOf, INPUTS_INSIDE, runStepScript, stepName } from './step-sandbox.ts';

/**
 * Builds the steps of an environment, as far as there is no result of them. Throws a ProjectError (STEP_FAILED with the step's
 * number and log, INPUT), StoreError, SandboxError or LaunchError; nothing is left then but the results of earlier steps.
 */
export async function buildEnvironment(request: BuildRequest): Promise<BuiltEnvironment> {
  const build = new Build(request);
  try {
    return await build.run();
  } finally {
    await build.close();
  }
}

/** A step, and everything that decides its result. */
interface Planned {
  readonly step: Step;
  readonly found: readonly Input[];
  readonly recipe: Digest;
  readonly key: Digest;
  /** Of the inputs. */
  readonly inputs?: Digest;
}

class Build {
  readonly #request: BuildRequest;
  readonly #layerKey: string;
  readonly #stamps: Stamp[] = [];
  /** Uppermost first. */
  #layers: readonly string[];
  #parent: Parent;
  #session: BuildSession | undefined;

  constructor(request: BuildRequest) {
    this.#request = request;
    this.#layerKey = layerKey(rootMapping(request.facts));
    this.#layers = request.base.layers;
    this.#parent = { kind: 'image', manifest: request.base.manifest };
  }

  async run(): Promise<BuiltEnvironment> {
    const { environment, until = Number.POSITIVE_INFINITY } = this.#request;
    if (until !== Number.POSITIVE_INFINITY && until > environment.steps.length) throw noStep(environment, until);
    const steps: BuiltStep[] = [];
    for (const step of environment.steps.filter(({ number }) => number < until)) {
      this.#request.signal?.throwIfAborted();
      const built = await this.#step(step);
      this.#request.events.step({ kind: 'done', step, of: environment.steps.length, built });
      steps.push(built);
      // A layer that says what one below says already counts where it is uppermost: an overlay takes no directory twice.
      this.#layers = [built.tree, ...this.#layers.filter((tree) => tree !== built.tree)];
      this.#parent = { kind: 'step', key: built.key, diffId: built.diffId };
    }
    const next = environment.steps.find(({ number }) => number === until);
    return {
      steps,
      layers: this.#layers,
      stamps: this.#stamps,
      ...(next === undefined ? {} : { next: this.#surroundings(next) }),
    };
  }

  async close(): Promise<void> {
    await this.#session?.close();
  }

  async #step(step: Step): Promise<BuiltStep> {
    const begun = performance.now();
    const took = (): number => Math.round(performance.now() - begun);
    let planned = this.#plan(step);
    const asked = planned.recipe;
    const expected = this.#request.expected?.(step, asked);
    const stored = this.#reuse(planned, took);
    if (stored !== undefined) return stored;
    if (this.#session === undefined) {
      this.#session = await BuildSession.open(this.#request);
      // Whoever built it meanwhile has left its result.
      const built = this.#reuse(planned, took);
      if (built !== undefined) return built;
    }
    const session = this.#session;
    const taken = await this.#take(session, planned, expected, took);
    if (taken !== undefined) return taken;
    this.#request.events.step({ kind: 'started', step, of: this.#request.environment.steps.length });
    planned = this.#fetchInputs(session, planned);
    if (planned.recipe !== asked) {
      this.#request.expected?.(step, planned.recipe);
      const changed = this.#reuse(planned, took);
      if (changed !== undefined) return changed;
    }
    return await this.#make(session, planned, took);
  }

  /** Looks at a step's inputs as they are now. */
  #plan(step: Step): Planned {
    const { facts, project } = this.#request;
    const { inputs: found, stamps } = findInputs(project.directory, step.inputs);
    this.#stamps.push(...stamps);
    const inputs = step.inputs.length === 0 ? undefined : digestInputs(facts.store, project.directory, found);
    return this.#withInputs(step, found, inputs);
  }

  #withInputs(step: Step, found: readonly Input[], inputs: Digest | undefined): Planned {
    const recipe = recipeOf(step, inputs);
    const key = keyOf(this.#parent, this.#request.base.platform, recipe);
    return { step, found, recipe, key, ...(inputs === undefined ? {} : { inputs }) };
  }

  /** Copies the inputs; from now on they are what was copied. */
  #fetchInputs(session: BuildSession, { step, found }: Planned): Planned {
    const { project, base } = this.#request;
    session.clear();
    const target = `${session.directory.path}/inputs`;
    const copied = copyInputs(project.directory, found, { target, epoch: epochOf(base) });
    return this.#withInputs(step, found, step.inputs.length === 0 ? undefined : copied);
  }

  #reuse(planned: Planned, took: () => number): BuiltStep | undefined {
    if (this.#request.results === 'anew') return undefined;
    const stored = findStep(this.#request.facts.store, this.#layerKey, planned.key);
    if (stored === undefined) return undefined;
    const { diffId, bytes, tree } = stored;
    return { ...resultOf(planned), diffId, bytes, tree, origin: 'reused', milliseconds: took() };
  }

  /** From the cache, which whoever fills it decides on; the lock's word counts more. */
  async #take(
    session: BuildSession,
    planned: Planned,
    expected: Digest | undefined,
    took: () => number,
  ): Promise<BuiltStep | undefined> {
    const cached = session.cache?.find(planned.key);
    if (session.cache === undefined || cached === undefined) return undefined;
    if (expected !== undefined && cached.diffId !== expected) {
      const what = `the cache has another result of ${stepName(planned.step)} than sandbox.lock: ${cached.diffId}, not ${expected}`;
      if (this.#request.frozen) {
        throw new ProjectError('FROZEN', what, {
          hint: 'build without this cache, or let a build of this sandbox.lock write it',
        });
      }
      this.#request.events.note(`${what}: the step is built instead`);
      return undefined;
    }
    const layer = await session.cache.take(planned.key);
    this.#record(planned, layer);
    return { ...resultOf(planned), ...layer, origin: 'imported', milliseconds: took() };
  }

  async #make(session: BuildSession, planned: Planned, took: () => number): Promise<BuiltStep> {
    const { base, environment } = this.#request;
    const { step } = planned;
    const layers = this.#layers;
    const sealer = session.sealer();
    const of = environment.steps.length;
    const { upper, ownPlaces } = await runStepScript(session, { request: this.#request, step, of, layers });
    const result = { upper, lowers: layers, ownPlaces, epoch: epochOf(base) };
    const { fresh, ...layer } = await placeStepLayer(sealer, session.host, result);
    if (fresh) session.add(layer.tree);
    this.#record(planned, layer);
    return { ...resultOf(planned), ...layer, origin: 'built', milliseconds: took() };
  }

  #record({ key, recipe }: Planned, { diffId, bytes }: { readonly diffId: Digest; readonly bytes: number }): void {
    const created = new Date().toISOString();
    recordStep(this.#request.facts.store, this.#layerKey, key, { diffId, bytes, recipe, created });
  }

  /** For a shell in the state before a step: inputs that stay as they are while it is open. */
  #surroundings(step: Step): StepSurroundings {
    const { facts, project, base } = this.#request;
    const { inputs } = findInputs(project.directory, step.inputs);
    const place = `${ensureProjectPath(facts.store, project.directory)}/inputs`;
    const aside = asidePath(`${place}/copy`);
    const digest = copyInputs(project.directory, inputs, { target: aside, epoch: epochOf(base) });
    const source = `${place}/${digestParts(digest).hex}`;
    if (statSync(source, { throwIfNoEntry: false }) === undefined) renameSync(aside, source);
    else rmSync(aside, { recursive: true, force: true });
    const caches = cachesOf({ request: this.#request, step });
    return {
      step,
      volumes: [{ source, destination: INPUTS_INSIDE, access: 'ro' }, ...caches.volumes],
      variables: [...caches.variables, ...step.variables],
      workdir: INPUTS_INSIDE,
    };
  }
}

function noStep({ name, steps }: Environment, number: number): ProjectError {
  const list = steps.map((step) => stepName(step)).join(', ');
  return new ProjectError('UNKNOWN', `the environment ${name} has no step ${number}`, {
    hint: steps.length === 0 ? 'it has no steps' : `it has ${list}`,
  });
}

function resultOf({ step, key, recipe, inputs }: Planned): Pick<BuiltStep, 'step' | 'key' | 'recipe' | 'inputs'> {
  return { step, key, recipe, ...(inputs === undefined ? {} : { inputs }) };
}
