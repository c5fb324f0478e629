import type { SetupOp } from '../operations.ts';
import type { Lowering } from './context.ts';

export function resourceLimits(_lowering: Lowering, _operation: Extract<SetupOp, { op: 'resourceLimits' }>): void {
  throw new Error('not lowered yet');
}

export function timeLimit(_lowering: Lowering, _operation: Extract<SetupOp, { op: 'timeLimit' }>): void {
  throw new Error('not lowered yet');
}
