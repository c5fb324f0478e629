import { unexpected } from '../arguments/usage-error.ts';

const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };

/** Takes `10d`, `12h`, `90m` and gives milliseconds. Throws UsageError. */
export function parseAge(text: string): number {
  const [, number, unit = ''] = /^(\d{1,6})([smhdw])$/.exec(text) ?? [];
  const seconds = UNITS[unit];
  if (number === undefined || seconds === undefined) throw unexpected('an age such as 10d, 12h or 30m', text);
  return Number(number) * seconds * 1000;
}
