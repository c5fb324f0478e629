import type { Lowering } from './context.ts';

export function enterControlGroup(_lowering: Lowering): void {
  throw new Error('not lowered yet');
}
