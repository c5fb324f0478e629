// The main script of the executable. It runs the bundle from V8's code cache, so that nothing of it is parsed or compiled
// at start-up. Node's own option for that, useCodeCache, leaves out all functions that are not called at once, and prints
// a warning where V8 refuses the cache; here the bundle is then compiled.
const { getAssetKeys, getRawAsset } = require('node:sea');
const { Script } = require('node:vm');

const assets = getAssetKeys();

function load(name, require) {
  const cachedData = assets.includes(`${name}.cache`) ? new Uint8Array(getRawAsset(`${name}.cache`)) : undefined;
  const source = Buffer.from(getRawAsset(`${name}.cjs`)).latin1Slice();
  return new Script(source, { filename: 'sandbox', cachedData }).runInThisContext()(require);
}

// What the bundle leaves for later (bundle.ts) is in scripts of its own, which most runs do not need.
const OTHERS = /^(later|seldom):(.*)$/;
const loaded = {};
load('main', (name) => {
  const [, script, path] = OTHERS.exec(name) ?? [];
  if (script === undefined) return require(name);
  loaded[script] ??= load(script, require);
  return loaded[script][path]();
});
