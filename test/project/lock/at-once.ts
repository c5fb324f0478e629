import { readLock, writeLock } from '../../../src/project/lock/lock.ts';
import { withEnvironment } from '../../../src/project/lock/steps.ts';
import { AMD, built, environment, image, step } from './locks.ts';

/*
 * node at-once.ts PROJECT STORE OWN NAME…: enters the environments OWN0 to OWN4 one after the other, as if each had just been built.
 * NAME…: whose environments there are.
 */

const [directory = '', store = '', own = '', ...names] = process.argv.slice(2);
const all = names.flatMap((name) => Array.from({ length: 5 }, (_, at) => environment(`${name}${at}`, [step(1)])));
const environments = new Map(all.map((each) => [each.name, each]));

for (const each of all.filter(({ name }) => name.startsWith(own))) {
  const now = {
    environments,
    environment: each,
    locked: image('docker.io/library/debian:latest', '1', '2', '3'),
    built: built(each.steps, [['a', '5']]),
    platform: AMD,
    comparable: true,
    results: 'keep',
  } as const;
  await writeLock(directory, withEnvironment(await readLock(directory), now), store);
}
