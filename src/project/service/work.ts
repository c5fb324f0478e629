import type { Spec } from '../../plan/spec.ts';
import type { BeginProgress } from '../../sandbox/input.ts';
import type { Service } from '../model.ts';
import type { ReadyEnvironment } from '../record.ts';
import type { NamedSpec } from './box.ts';
import type { Purpose } from './state.ts';

/** Services that are to be brought up, and what it takes besides. */
export interface ServiceWork {
  readonly store: string;
  /** Absolute path of the project. */
  readonly directory: string;
  /** Each behind what it requires: `inOrder`. */
  readonly services: readonly Service[];
  /** Those of the services, by name. */
  readonly environments: ReadonlyMap<string, ReadyEnvironment>;
  /** Describes the sandbox of an environment's services. */
  readonly boxSpec: (ready: ReadyEnvironment) => Promise<NamedSpec>;
  /** Describes a command in it: as the service is run. */
  readonly commandSpec: (ready: ReadyEnvironment, service: Service, command: readonly string[]) => Promise<Spec>;
  /** Words of this program that ask for a URL until it gives a status below 400: `untilAnswered` in a process of its own. */
  readonly askCommand: (url: string) => readonly string[];
  readonly beginProgress: BeginProgress;
  readonly note: (line: string) => void;
  readonly onEvent: (event: ServiceEvent) => void;
  /** A service that crashes leaves the others alone. */
  readonly keepGoing: boolean;
  readonly purpose: Purpose;
}

export type ServiceEvent =
  | { readonly kind: 'line'; readonly service: string; readonly text: string }
  | { readonly kind: 'starting' | 'stopping'; readonly service: string }
  /** `seconds`: from its start on; undefined where nothing says when it is ready. */
  | { readonly kind: 'ready'; readonly service: string; readonly seconds: number | undefined }
  /** `asked`: it was told to end. */
  | { readonly kind: 'ended'; readonly service: string; readonly status: number; readonly asked: boolean };

/** Program and arguments of what a service runs. */
export function wordsOf(run: Service['run']): readonly string[] {
  return typeof run === 'string' ? ['/bin/sh', '-c', run] : run;
}
