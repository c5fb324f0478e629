// `npm start`: from a fresh clone to a shell in a sandbox. Without a terminal, a command that shows where it runs.
import { ensureInstalled, run, runScript } from './install.mjs';

const INSIDE = 'id; uname -sr; echo "pid $$ of:"; ls -d /proc/[0-9]*; echo "home:"; ls -A "$HOME"; pwd';

ensureInstalled();
runScript('build/main.ts', '--if-changed', process.arch);
const executable = process.arch === 'x64' ? 'dist/sandbox' : 'dist/sandbox-arm64';
const words = process.stdin.isTTY && process.stdout.isTTY ? ['shell'] : ['run', '--', 'sh', '-c', INSIDE];
process.stdout.write(
  `$ ${[executable, ...words].map((word) => (word.includes(' ') ? `'${word}'` : word)).join(' ')}\n`,
);
process.exitCode = run(executable, words);
