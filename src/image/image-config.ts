import { type Digest, parseDigest } from '../store/digest.ts';
import { array, invalid, object, optional, parseObject, stringMap, text, texts } from './checked-json.ts';
import type { HistoryEntry, ImageConfig, RunDefaults } from './model.ts';
import { normalPlatform } from './platform.ts';

const WHAT = "the image's config";

/** Docker's type for commands (api/types/strslice) also reads one string. */
function words(value: unknown, member: string): readonly string[] {
  if (value === undefined || value === null) return [];
  return typeof value === 'string' ? [text(value, WHAT, member)] : texts(value, WHAT, member);
}

/** Sets are written as objects: `{"/data": {}}`. */
function setMembers(value: unknown, member: string): readonly string[] {
  return Object.keys(optional(value, (each) => object(each, WHAT, member)) ?? {}).map((key) => text(key, WHAT, member));
}

/** A variable that is set twice has the last value at the first place; what is no `NAME=value` says nothing. */
function environment(value: unknown): ReadonlyArray<readonly [string, string]> {
  const variables = new Map<string, string>();
  for (const line of words(value, 'config.Env')) {
    const equals = line.indexOf('=');
    if (equals > 0) variables.set(line.slice(0, equals), line.slice(equals + 1));
  }
  return [...variables];
}

/** Empty strings are what Go's encoders write for nothing. */
function filled(value: unknown, member: string): string | undefined {
  return optional(value, (each) => text(each, WHAT, member)) || undefined;
}

function runDefaults(value: unknown): RunDefaults {
  const unsafe = optional(value, (each) => object(each, WHAT, 'config')) ?? {};
  const workingDir = filled(unsafe.WorkingDir, 'config.WorkingDir');
  const user = filled(unsafe.User, 'config.User');
  const stopSignal = filled(unsafe.StopSignal, 'config.StopSignal');
  return {
    entrypoint: words(unsafe.Entrypoint, 'config.Entrypoint'),
    cmd: words(unsafe.Cmd, 'config.Cmd'),
    env: environment(unsafe.Env),
    // Some builders left it relative, and docker took it from the root.
    ...(workingDir === undefined ? {} : { workingDir: workingDir.startsWith('/') ? workingDir : `/${workingDir}` }),
    ...(user === undefined ? {} : { user }),
    ...(stopSignal === undefined ? {} : { stopSignal }),
    volumes: setMembers(unsafe.Volumes, 'config.Volumes'),
    exposedPorts: setMembers(unsafe.ExposedPorts, 'config.ExposedPorts'),
    labels: optional(unsafe.Labels, (each) => stringMap(each, WHAT, 'config.Labels')) ?? {},
  };
}

function historyEntry(value: unknown, index: number): HistoryEntry {
  const member = `history[${index}]`;
  const unsafe = object(value, WHAT, member);
  const created = filled(unsafe.created, `${member}.created`);
  const createdBy = filled(unsafe.created_by, `${member}.created_by`);
  const comment = filled(unsafe.comment, `${member}.comment`);
  return {
    ...(created === undefined ? {} : { created }),
    ...(createdBy === undefined ? {} : { createdBy }),
    ...(comment === undefined ? {} : { comment }),
    emptyLayer: unsafe.empty_layer === true,
  };
}

function diffId(value: unknown, index: number): Digest {
  const digest = parseDigest(value);
  if (digest === undefined) throw invalid(WHAT, `rootfs.diff_ids[${index}] is no digest`);
  return digest;
}

/**
 * Takes the bytes of an image's config and gives it with every member that we use checked; OCI image spec, config.md.
 * Throws an ImageError 'INVALID'.
 */
export function parseImageConfig(bytes: Uint8Array): ImageConfig {
  const unsafe = parseObject(bytes, WHAT);
  const rootfs = object(unsafe.rootfs, WHAT, 'rootfs');
  if (rootfs.type !== 'layers') throw invalid(WHAT, 'rootfs.type is not "layers"');
  const os = filled(unsafe.os, 'os');
  const architecture = filled(unsafe.architecture, 'architecture');
  if (os === undefined || architecture === undefined) throw invalid(WHAT, 'it does not say for which platform it is');
  const created = filled(unsafe.created, 'created');
  const author = filled(unsafe.author, 'author');
  return {
    platform: normalPlatform(os, architecture, filled(unsafe.variant, 'variant')),
    ...(created === undefined ? {} : { created }),
    ...(author === undefined ? {} : { author }),
    diffIds: (optional(rootfs.diff_ids, (each) => array(each, WHAT, 'rootfs.diff_ids')) ?? []).map(diffId),
    history: (optional(unsafe.history, (each) => array(each, WHAT, 'history')) ?? []).map(historyEntry),
    defaults: runDefaults(unsafe.config),
  };
}
