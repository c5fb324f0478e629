import { didYouMean } from '../../config/did-you-mean.ts';
import { quoted, UsageError, unexpected } from '../arguments/usage-error.ts';
import { oneOf } from './choice.ts';

/** One `--security-opt`. */
export type SecurityOpt =
  | { readonly kind: 'seccomp'; readonly name: 'dev' | 'strict' | 'unconfined' }
  | { readonly kind: 'seccompFile'; readonly unsafePath: string }
  | { readonly kind: 'foreignCalls'; readonly value: 'allowed' | 'refused' }
  /** What is so anyway. */
  | { readonly kind: 'nothing' };

const KEYS = ['seccomp', 'no-new-privileges', '32bit'];
const LISTS = ['dev', 'strict', 'unconfined'] as const;

/** Takes an option of podman-run(1) `--security-opt`, or `32bit=allow|refuse`. Throws UsageError. */
export function parseSecurityOpt(text: string): SecurityOpt {
  const [, key = '', value] = /^([^=:]*)(?:[=:](.*))?$/s.exec(text) ?? [];
  switch (key) {
    case 'seccomp': {
      if (value === undefined || value === '') throw unexpected(`seccomp=FILE or seccomp=${LISTS.join('|')}`, text);
      const name = LISTS.find((list) => list === value);
      return name === undefined ? { kind: 'seccompFile', unsafePath: value } : { kind: 'seccomp', name };
    }
    case 'no-new-privileges':
      if (value === undefined || value === 'true') return { kind: 'nothing' };
      throw new UsageError('no-new-privileges cannot be switched off', {
        hint: 'set-uid programs have no effect in any sandbox; for root inside there is --user root',
      });
    case '32bit':
      return {
        kind: 'foreignCalls',
        value: oneOf(['allow', 'refuse'])(value ?? '') === 'allow' ? 'allowed' : 'refused',
      };
    case 'label':
    case 'apparmor':
    case 'selinux':
      throw new UsageError(`${key}: SELinux and AppArmor are for the administrator, not for a sandbox`, {
        hint: 'leave it out: whatever holds your own account holds what runs inside',
      });
    case 'mask':
    case 'unmask':
    case 'proc-opts':
    case 'systempaths':
      throw new UsageError(`${key}: which parts of /proc and /sys are hidden cannot be chosen`);
    default: {
      const nearest = didYouMean(key, KEYS);
      throw unexpected(KEYS.join(', '), text, nearest && `did you mean ${quoted(nearest)}?`);
    }
  }
}
