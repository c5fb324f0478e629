import { existsSync } from 'node:fs';
import type { RootFs } from '../../plan/spec.ts';
import { shelf } from '../../store/layout.ts';
import { readSpec } from '../../store/sandbox-directory.ts';

/** The directory of a kept sandbox, whether there is one or not. */
function keptDirectory(store: string, name: string): string {
  return `${shelf(store, 'sandboxes')}/${name}`;
}

function member(value: object, name: string): unknown {
  return Reflect.get(value, name);
}

/** Takes `rootfs` of a spec.json; undefined where it is of a kind that we do not know. */
function rootFsFrom(stored: object): RootFs | undefined {
  const kind = member(stored, 'kind');
  if (kind === 'host') return { kind };
  const path = member(stored, 'path');
  if (kind === 'directory' && typeof path === 'string') return { kind, path };
  const [name, manifest, layers] = ['name', 'manifest', 'layers'].map((each) => member(stored, each));
  if (kind !== 'image' || typeof name !== 'string' || typeof manifest !== 'string' || !Array.isArray(layers)) {
    return undefined;
  }
  const trees = layers.filter((layer): layer is string => typeof layer === 'string');
  return trees.length === layers.length ? { kind, name, manifest, layers: trees } : undefined;
}

/** Gives what the kept sandbox of that name stands on; undefined where there is none. `name` is a sandbox's name. */
export function keptRoot(store: string, name: string): RootFs | undefined {
  const stored = readSpec(keptDirectory(store, name));
  return stored && rootFsFrom(stored.rootfs);
}

/** Gives the directory that holds what was changed in a kept sandbox: its upper layer, or all of it where it was copied. */
export function keptChanges(store: string, name: string): string {
  const copy = `${keptDirectory(store, name)}/copy`;
  return existsSync(copy) ? copy : `${keptDirectory(store, name)}/upper`;
}
