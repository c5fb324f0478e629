import { didYouMean } from '../../config/did-you-mean.ts';
import { CAPABILITIES, type Capability } from '../../linux/constants/capability.ts';
import { unexpected } from '../arguments/usage-error.ts';

/** Takes `NET_RAW`, `cap_net_raw`, several with commas between them, or `ALL`, and gives the capabilities. Throws UsageError. */
export function parseCapabilities(text: string): readonly Capability[] {
  return text.split(',').flatMap((word): readonly Capability[] => {
    const name = word.toUpperCase();
    if (name === 'ALL') return CAPABILITIES;
    const wanted = name.startsWith('CAP_') ? name : `CAP_${name}`;
    const found = CAPABILITIES.find((capability) => capability === wanted);
    if (found !== undefined) return [found];
    const nearest = didYouMean(wanted, CAPABILITIES);
    throw unexpected('a capability of capabilities(7), or ALL', word, nearest && `did you mean ${nearest.slice(4)}?`);
  });
}
