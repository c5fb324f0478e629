import type { LandlockRules } from '../launch/operations.ts';
import type { Security } from './spec.ts';

/**
 * The file system that is held fast is the one that was mounted: whatever else a process gets hold of, by a bug of the kernel
 * or of ours, lies beneath none of these paths.
 */
export function landlockRules({ connectTcp, bindTcp }: Security): LandlockRules {
  return {
    paths: [
      { path: '/', access: 'all' },
      { path: '/dev', access: 'devices' },
    ],
    ...(connectTcp === undefined ? {} : { connectTcp }),
    ...(bindTcp === undefined ? {} : { bindTcp }),
    scoped: true,
  };
}
