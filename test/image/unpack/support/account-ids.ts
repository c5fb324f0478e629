import { surveyHost } from '../../../../src/host/survey.ts';
import type { IdMapping } from '../../../../src/launch/operations.ts';
import { rootMapping } from '../../../../src/plan/identity.ts';

export type AccountKind = 'subordinate' | 'bare';

/** The mapping of whoever runs this. Throws where it is not of the kind that the test is about. */
export function accountIds(kind: AccountKind): IdMapping {
  const ids = rootMapping(surveyHost());
  if ((ids.kind === 'helpers') !== (kind === 'subordinate')) throw new Error(`this account is not ${kind}`);
  return ids;
}
