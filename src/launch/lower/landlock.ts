import type { SetupOp } from '../operations.ts';
import type { Lowering } from './context.ts';

export function landlock(_lowering: Lowering, _operation: Extract<SetupOp, { op: 'landlock' }>): void {}
