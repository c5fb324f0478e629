import { unexpected } from '../arguments/usage-error.ts';

/** Takes ports with commas between them, or `none`, and gives their numbers, 1 to 65535. Throws UsageError. */
export function parsePorts(text: string): readonly number[] {
  if (text === 'none') return [];
  return text.split(',').map((word) => {
    const port = /^\d{1,5}$/.test(word) ? Number(word) : 0;
    if (port < 1 || port > 65_535) throw unexpected('ports from 1 to 65535 such as 80,443, or none', text);
    return port;
  });
}
