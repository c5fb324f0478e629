import type { SetupOp } from '../launch/operations.ts';
import type { PlanInput } from './input.ts';

/**
 * Where another root file system finds the host's zone: it may have no zoneinfo, and its /etc/localtime may be a link into
 * it. In /dev, which is in memory, a file to mount on costs least.
 */
const ZONE_FILE = '/dev/host-localtime';

function hostZone({ root, facts }: PlanInput): string | undefined {
  return root.kind === 'host' ? undefined : facts.localtime;
}

/** Shows the host's time zone to a root file system that is not the host's. */
export function planTimeZone(input: PlanInput): SetupOp[] {
  const source = hostZone(input);
  if (source === undefined) return [];
  const attributes = { noSuid: true, noDev: true, noExec: true, readOnly: true };
  return [
    { op: 'makeFile', path: ZONE_FILE },
    { op: 'bind', source, target: ZONE_FILE, recursive: false, attributes, optional: true },
  ];
}

/** The environment with that zone in it, unless there is a TZ already; tzset(3), ":characters". */
export function withTimeZone(input: PlanInput): PlanInput['spec']['environment'] {
  const { environment } = input.spec;
  if (hostZone(input) === undefined || environment.some(([name]) => name === 'TZ')) return environment;
  return [...environment, ['TZ', `:${ZONE_FILE}`]];
}
