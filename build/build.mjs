// `npm run build`: from a fresh clone to dist/sandbox.
import { ensureInstalled, runScript } from './install.mjs';

ensureInstalled();
runScript('build/main.ts', ...process.argv.slice(2));
