import type { BuildEvents } from '../../project/build/model.ts';
import { note } from '../../ui/output.ts';

/** Shows on standard error what is being built. */
export function buildProgress(_options: { readonly quiet: boolean }): {
  readonly events: BuildEvents;
  readonly end: () => void;
} {
  return { events: { step: () => {}, output: () => {}, note }, end: () => {} };
}
