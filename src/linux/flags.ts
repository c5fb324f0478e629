/**
 * Writes flags as strace(1) does: 'MS_BIND|MS_REC', bits without a name in hexadecimal, '0' for none.
 * Takes a table of single-bit flags and the value; entries of more than one bit match where all their bits are set.
 */
export function flagNames(table: Readonly<Record<string, number | bigint>>, value: number | bigint): string {
  let rest = BigInt.asUintN(64, BigInt(value));
  const names: string[] = [];
  // Wide entries first, so that O_TMPFILE is not read as O_DIRECTORY and a rest.
  const entries = Object.entries(table)
    .map(([name, flag]) => [name, BigInt(flag)] as const)
    .sort(([, a], [, b]) => bitCount(b) - bitCount(a));
  for (const [name, flag] of entries) {
    if (flag <= 0n || (rest & flag) !== flag) continue;
    names.push(name);
    rest &= ~flag;
  }
  if (rest !== 0n) names.push(`0x${rest.toString(16)}`);
  return names.length === 0 ? '0' : names.join('|');
}

function bitCount(value: bigint): number {
  return BigInt.asUintN(64, value).toString(2).replaceAll('0', '').length;
}
