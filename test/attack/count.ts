/**
 * `node test/attack/count.ts`: tries all attacks and says how many there are, by file, how many of them got through, and how
 * long it took. A test that consists of others is not counted, and neither is one that could not run here.
 */
import { readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { run } from 'node:test';

const files = readdirSync(import.meta.dirname, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.test.ts'))
  .map((path) => join(import.meta.dirname, path))
  .sort();
const held = new Map<string, number>();
const through: string[] = [];
const parents = new Set<string>();
let skipped = 0;
const begun = performance.now();

const events = run({ files, concurrency: 1, timeout: 15 * 60_000 });
const open: string[] = [];
// What was started between another test's start and its end is part of that.
events.on('test:start', ({ name, nesting }) => {
  open.length = nesting;
  const parent = open.at(-1);
  if (parent !== undefined) parents.add(parent);
  open[nesting] = `${nesting} ${name}`;
});
events.on('test:pass', ({ name, file = '', nesting, skip, details }) => {
  if (details.type === 'suite' || parents.has(`${nesting} ${name}`)) return;
  if (skip !== undefined) skipped++;
  else held.set(file, (held.get(file) ?? 0) + 1);
});
events.on('test:fail', ({ name, nesting, details }) => {
  if (details.type !== 'suite' && !parents.has(`${nesting} ${name}`)) through.push(name);
});
await new Promise((resolve, reject) => events.once('end', resolve).once('error', reject).resume());

for (const [file, count] of [...held].sort()) {
  process.stdout.write(`${String(count).padStart(5)}  ${relative(import.meta.dirname, file)}\n`);
}
const total = [...held.values()].reduce((sum, count) => sum + count, 0);
const seconds = Math.round((performance.now() - begun) / 1000);
for (const name of through) process.stdout.write(`not held off: ${name}\n`);
process.stdout.write(
  `${total + through.length} attacks, ${through.length} got through, ${skipped} not tried here; ${seconds} s\n`,
);
process.exitCode = through.length > 0 ? 1 : 0;
