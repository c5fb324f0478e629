/**
 * `node compile.ts SCRIPT CACHE`: compiles all functions of SCRIPT and writes V8's code cache with them to CACHE.
 *
 * All functions, and not those that some command turned out to call: that would depend on the machine that builds, and so
 * would the bytes of the executable. V8 would leave functions for later; it is told otherwise only while it compiles,
 * since it accepts a cache only from a V8 with the flags of its own.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { Script } from 'node:vm';

const [, , scriptPath, cachePath] = process.argv;
if (scriptPath === undefined || cachePath === undefined) throw new Error('usage: compile.ts SCRIPT CACHE');
const source = readFileSync(scriptPath, 'latin1');
setFlagsFromString('--no-lazy');
const script = new Script(source, { filename: 'sandbox' });
setFlagsFromString('--lazy');
writeFileSync(cachePath, script.createCachedData());
