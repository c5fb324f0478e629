/** Takes names and those that each needs; gives loops, each with its first name again at its end. Not every loop, but one where there is any. */
export function cyclesOf(needs: ReadonlyMap<string, readonly string[]>): string[][] {
  const done = new Set<string>();
  const loops: string[][] = [];
  for (const start of needs.keys()) {
    // Not recursive: a file may have thousands of names in a row.
    const way: Array<{ readonly name: string; next: number }> = [];
    const onWay = new Set<string>();
    const enter = (name: string): void => {
      way.push({ name, next: 0 });
      onWay.add(name);
    };
    if (!done.has(start)) enter(start);
    for (let top = way.at(-1); top !== undefined; top = way.at(-1)) {
      const name = needs.get(top.name)?.[top.next++];
      if (name === undefined) {
        done.add(top.name);
        onWay.delete(top.name);
        way.pop();
      } else if (onWay.has(name)) {
        loops.push([...way.slice(way.findIndex((each) => each.name === name)).map((each) => each.name), name]);
      } else if (needs.has(name) && !done.has(name)) enter(name);
    }
  }
  return loops;
}
