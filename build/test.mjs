// `npm test [-- GROUP|FILE…]`: from a fresh clone to the test run.
import { ensureInstalled, runScript } from './install.mjs';

ensureInstalled();
runScript('test/run.ts', ...process.argv.slice(2));
