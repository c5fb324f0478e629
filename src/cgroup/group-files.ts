/*
 * What the files of a control group say: Documentation/admin-guide/cgroup-v2.rst and accounting/psi.rst.
 */

/** Takes `KEY VALUE` lines (cpu.stat, memory.events) and gives them. */
export function flatKeyed(text: string): Map<string, number> {
  const values = new Map<string, number>();
  for (const line of text.split('\n')) {
    const [key, value] = line.split(' ');
    if (key && value !== undefined && /^\d+$/.test(value)) values.set(key, Number(value));
  }
  return values;
}

/** Takes `max` or a number; undefined for `max` and where there is none. */
export function limitValue(text: string | undefined): number | undefined {
  const trimmed = text?.trim();
  return trimmed !== undefined && /^\d+$/.test(trimmed) ? Number(trimmed) : undefined;
}

/** Takes cpu.max, `QUOTA PERIOD`, and gives processors; undefined where there is no limit. */
export function cpuLimit(text: string | undefined): number | undefined {
  const [quota, period] = (text ?? '').trim().split(' ').map(Number);
  return quota && period && Number.isFinite(quota) ? quota / period : undefined;
}

/** Bytes that were read and written on all devices. */
export interface Transferred {
  readonly read: number;
  readonly written: number;
}

/** Takes io.stat: a line a device, `8:0 rbytes=1 wbytes=2 …`. */
export function transferred(text: string): Transferred {
  let read = 0;
  let written = 0;
  for (const field of text.split(/\s+/)) {
    const [key, value] = field.split('=');
    if (key === 'rbytes') read += Number(value);
    if (key === 'wbytes') written += Number(value);
  }
  return { read, written };
}

/** Shares of time in percent in which some, or all, tasks waited for a resource. */
export interface Pressure {
  readonly some: PressureLine;
  readonly full?: PressureLine;
}

export interface PressureLine {
  readonly avg10: number;
  readonly avg60: number;
  readonly avg300: number;
  /** Microseconds. */
  readonly total: number;
}

/** Takes a pressure file; undefined where it is not of that form. */
export function pressure(text: string): Pressure | undefined {
  const lines = new Map<string, PressureLine>();
  for (const match of text.matchAll(/^(some|full) avg10=([\d.]+) avg60=([\d.]+) avg300=([\d.]+) total=(\d+)$/gm)) {
    const [, kind = '', avg10, avg60, avg300, total] = match;
    lines.set(kind, { avg10: Number(avg10), avg60: Number(avg60), avg300: Number(avg300), total: Number(total) });
  }
  const some = lines.get('some');
  const full = lines.get('full');
  return some && { some, ...(full ? { full } : {}) };
}
