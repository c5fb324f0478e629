import type { HostFacts } from '../../host/facts.ts';
import type { RunDefaults } from '../../image/model.ts';
import type { Volume } from '../../plan/spec.ts';
import type { Digest } from '../../store/digest.ts';
import type { Environment, Project, Step, Variable } from '../model.ts';
import type { Stamp } from '../stamp.ts';

/** The image that an environment begins with, in the store. */
export interface BaseImage {
  /** In full. */
  readonly name: string;
  readonly manifest: Digest;
  /** Trees, uppermost first. */
  readonly layers: readonly string[];
  readonly defaults: RunDefaults;
  /** RFC 3339, as its config has it: what times in the steps' layers are clamped to, as with SOURCE_DATE_EPOCH. */
  readonly created?: string;
  /** `linux/amd64`. */
  readonly platform: string;
}

export interface BuildRequest {
  readonly facts: HostFacts;
  readonly project: Project;
  readonly environment: Environment;
  readonly base: BaseImage;
  /** Only the steps before this number are built; all, if left out. */
  readonly until?: number;
  /** `reuse`: results of steps that were built before count; `anew`: none does, and new ones take their place (`--no-cache`). */
  readonly results: 'reuse' | 'anew';
  /** Directory or tar in OCI layout from which results are taken (`--cache-from`). */
  readonly cacheFrom?: string;
  /** The project is trusted: its caches are those of all such projects (caches.ts). */
  readonly sharedCaches?: boolean;
  /**
   * Asked before a step is built: the result that the lock has of it; throws where the lock does not allow the step. Another result
   * is not taken from a cache. What steps gave here is compared by the caller.
   */
  readonly expected?: (step: Step, recipe: Digest) => Digest | undefined;
  /** Where a cache has another result than the expected one, that is an error; else the step is built. */
  readonly frozen?: boolean;
  readonly events: BuildEvents;
  readonly signal?: AbortSignal;
}

/** Who shows what happens. Steps are told in order. */
export interface BuildEvents {
  readonly step: (event: StepEvent) => void;
  /** Output of the script, as it comes. */
  readonly output: (step: Step, chunk: Buffer) => void;
  readonly note: (line: string) => void;
}

export type StepEvent =
  | { readonly kind: 'started'; readonly step: Step; readonly of: number }
  | { readonly kind: 'done'; readonly step: Step; readonly of: number; readonly built: BuiltStep }
  | {
      readonly kind: 'failed';
      readonly step: Step;
      readonly of: number;
      readonly status: number;
      readonly log: string;
    };

export interface BuiltStep {
  readonly step: Step;
  /** Of everything that the result depends on, the parent too. */
  readonly key: Digest;
  readonly recipe: Digest;
  readonly inputs?: Digest;
  /** Of the layer, as uncompressed archive. */
  readonly diffId: Digest;
  readonly tree: string;
  readonly origin: 'reused' | 'built' | 'imported';
  readonly milliseconds: number;
  /** Bytes of the archive. */
  readonly bytes: number;
}

export interface BuiltEnvironment {
  readonly steps: readonly BuiltStep[];
  /** Trees, uppermost first, the image's too. */
  readonly layers: readonly string[];
  /** Of the inputs of all steps. */
  readonly stamps: readonly Stamp[];
  /** What the step of the number `until` is run with, if there is such a step. */
  readonly next?: StepSurroundings;
}

/** What a step finds besides the root file system. */
export interface StepSurroundings {
  readonly step: Step;
  readonly volumes: readonly Volume[];
  readonly variables: readonly Variable[];
  readonly workdir: string;
}
