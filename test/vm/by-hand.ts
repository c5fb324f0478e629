/**
 * `node test/vm/by-hand.ts [OPTION…]`: boots the tests' machine, says how to log in, and ends it with Ctrl-C. Test files
 * use it instead of booting one with `SANDBOX_TEST_VM=DIRECTORY`. Options as in options.ts.
 */
import { boot } from './boot.ts';
import { DEFAULT_KIND } from './image.ts';
import { machineOptions } from './options.ts';

const { kernelArguments } = machineOptions(process.argv.slice(2)).machine;
const { directory, seconds, stop } = await boot(DEFAULT_KIND, { kernelArguments });
process.stdout.write(`took logins after ${seconds.toFixed(1)} s
  ssh -F ${directory}/ssh-config -l dev machine      # or bare, root
  SANDBOX_TEST_VM=${directory} node_modules/.bin/node --test test/vm/smoke.test.ts
`);
const hold = setInterval(() => {}, 60_000);
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, async () => {
    clearInterval(hold);
    await stop();
  });
}
