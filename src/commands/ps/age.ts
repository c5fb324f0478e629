const UNITS = [
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
  ['second', 1],
] as const;

/** Takes two times in milliseconds since the epoch and gives the time between in its largest unit: `5 minutes ago`. */
export function age(created: number, now: number): string {
  if (!Number.isFinite(created)) return '-';
  const seconds = Math.floor((now - created) / 1000);
  for (const [unit, length] of UNITS) {
    const count = Math.floor(seconds / length);
    if (count >= 1) return `${count} ${unit}${count === 1 ? '' : 's'} ago`;
  }
  return 'just now';
}
