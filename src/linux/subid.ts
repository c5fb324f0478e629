/** Consecutive subordinate ids that belong to a user: subuid(5), subgid(5). */
export interface IdRange {
  readonly start: number;
  readonly count: number;
}

/** Whom a line may name: by user name or by decimal uid, also in /etc/subgid. */
export interface SubidOwner {
  readonly uid: number;
  /** Undefined where the uid has no name. */
  readonly name: string | undefined;
}

/** One above the largest id; (uid_t) -1 means "no id" to the kernel. */
const ID_LIMIT = 0xffff_ffff;

/**
 * Takes the text of /etc/subuid or /etc/subgid and gives the owner's ranges in the order of the file.
 * Malformed lines, empty ranges and ranges beyond 32 bits are left out, as newuidmap(1) does not grant them either.
 */
export function parseSubids(text: string, owner: SubidOwner): IdRange[] {
  return text.split('\n').flatMap((line) => {
    const [who, start, count, ...more] = line.trim().split(':');
    if (!who || (who !== owner.name && who !== String(owner.uid)) || more.length > 0) return [];
    if (!isDecimal(start) || !isDecimal(count)) return [];
    const range = { start: Number(start), count: Number(count) };
    return range.count > 0 && range.start + range.count <= ID_LIMIT ? [range] : [];
  });
}

/** Gives how many ids the ranges have together. */
export function countIds(ranges: readonly IdRange[]): number {
  return ranges.reduce((sum, range) => sum + range.count, 0);
}

/** Gives the first `count` ids, as few ranges as hold them; fewer ids where there are not as many. */
export function firstIds(ranges: readonly IdRange[], count: number): IdRange[] {
  const taken: IdRange[] = [];
  let missing = count;
  for (const range of ranges) {
    if (missing <= 0) break;
    const part = { start: range.start, count: Math.min(range.count, missing) };
    taken.push(part);
    missing -= part.count;
  }
  return taken;
}

function isDecimal(field: string | undefined): field is string {
  return field !== undefined && /^\d{1,10}$/.test(field);
}
