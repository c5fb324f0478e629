import type { Limits, Spec } from '../plan/spec.ts';

/** A spec as it can be met here, and the control group that is ready for it. */
export interface Limited {
  readonly spec: Spec;
  /** Absolute path of the payload's directory. */
  readonly group: string | undefined;
}

/** What the plan is to know of limits: that there is a group. Their numbers are in its files. */
export const GROUPED: Limits = { enforcement: 'required' };

/** Codes of a CgroupError that mean that there is no group at all. */
const ABSENT = ['NO_GROUP', 'MANAGER'];

/**
 * Makes the control group for the limits of a spec, if it has any. Where there can be none and they are not required, the
 * user is told so and the spec is given without them. Throws a CgroupError.
 */
export async function limited(spec: Spec, note: (line: string) => void): Promise<Limited> {
  const { limits, ...rest } = spec;
  if (limits === undefined) return { spec, group: undefined };
  const { openGroup } = await import('../cgroup/open-group.ts');
  try {
    const { path, missing } = await openGroup(limits);
    if (missing !== undefined) note(`not limited: ${missing}`);
    return { spec: { ...rest, limits: GROUPED }, group: path };
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (limits.enforcement === 'required' || !ABSENT.includes(code) || !(error instanceof Error)) throw error;
    note(`no limits: ${error.message}`);
    return { spec: rest, group: undefined };
  }
}
