import { unexpected } from '../arguments/usage-error.ts';

const UNITS: Readonly<Record<string, number>> = { '': 1, b: 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40 };

/** Takes `64m`, `1.5g`, `4096` (units of 1024; `mb` and `MiB` mean `m`) and gives bytes, at least 1. Throws UsageError. */
export function parseByteSize(text: string): number {
  const match = /^(\d{1,15}(?:\.\d{1,6})?)(?:([kmgt])(?:i?b)?|b)?$/i.exec(text);
  const bytes = match ? Math.floor(Number(match[1]) * (UNITS[match[2]?.toLowerCase() ?? ''] ?? 1)) : 0;
  if (!Number.isSafeInteger(bytes) || bytes < 1) throw unexpected('a size such as 64m or 2g', text);
  return bytes;
}
