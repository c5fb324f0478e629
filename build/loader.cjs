// The main script of the executable. It runs the bundle from V8's code cache, so that nothing of it is parsed or compiled
// at start-up. Node's own option for that, useCodeCache, leaves out all functions that are not called at once, and prints
// a warning where V8 refuses the cache; here the bundle is then compiled.
const { getAssetKeys, getRawAsset } = require('node:sea');
const { Script } = require('node:vm');

const cachedData = getAssetKeys().includes('main.cache') ? new Uint8Array(getRawAsset('main.cache')) : undefined;
const source = Buffer.from(getRawAsset('main.cjs')).latin1Slice();
new Script(source, { filename: 'sandbox', cachedData }).runInThisContext()(require);
