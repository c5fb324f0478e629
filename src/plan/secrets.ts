import type { SetupOp } from '../launch/operations.ts';
import type { Identity } from './identity.ts';
import type { PlanInput } from './input.ts';

const DIRECTORY = '/run/secrets';

/** Secrets as files in memory, as podman shows them: `/run/secrets/NAME`, for the user inside alone. */
export function planSecrets({ spec }: PlanInput, { account }: Identity): SetupOp[] {
  if (spec.secrets.length === 0) return [];
  const attributes = { noSuid: true, noDev: true, noExec: true };
  return [
    { op: 'makeDirectory', path: DIRECTORY, mode: 0o755 },
    { op: 'memory', target: DIRECTORY, mode: 0o755, attributes },
    ...spec.secrets.map(
      ({ name, content }): SetupOp => ({
        op: 'writeFile',
        path: `${DIRECTORY}/${name}`,
        content,
        mode: 0o400,
        ...(account === undefined ? {} : { owner: account }),
      }),
    ),
    // On `host` they are the user's own files, who could write there as much as memory holds.
    { op: 'readOnlyPath', path: DIRECTORY },
  ];
}
