import { lstatSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { AuditError } from '../../audit/error.ts';
import { learnProfile } from '../../audit/learned-profile.ts';
import { type AuditLog, readAuditLog } from '../../audit/log.ts';
import { type AuditReport, summarise } from '../../audit/summary.ts';
import { AUDIT_LOG } from '../../linux/audit-log.ts';
import { encodeBytes } from '../../linux/bytes.ts';
import { readSpec } from '../../store/sandbox-directory.ts';
import { note, printError } from '../../ui/output.ts';
import { auditText } from './audit-text.ts';

/** Of the JSON that is printed, and of the file beside a profile. */
const SCHEMA_VERSION = 1;

/**
 * Takes the directory of a sandbox whose command has ended, and tells what it asked for: as tables on standard error, or,
 * with `json`, as an object that it gives back. `learn`: a file to which a seccomp profile is written (docker's format), and
 * beside it, as FILE.used.json, which files, programs and addresses were used; then nothing is told unless `report` asks for it.
 *
 * Throws an AuditError where there is no log, or it says not enough, and Node's error where the file cannot be written.
 */
export async function reportAudit({
  directory,
  json,
  learn,
  report = learn === undefined,
}: {
  readonly directory: string;
  readonly json: boolean;
  readonly learn?: string;
  readonly report?: boolean;
}): Promise<object | undefined> {
  const log = readAuditLog(readLog(`${directory}/${AUDIT_LOG}`));
  const spec = readSpec(directory);
  const found = summarise(log, {
    rootfs: spec?.rootfs.kind ?? 'host',
    network: spec?.network ?? 'none',
    ...(spec?.workspace.path === undefined ? {} : { workspace: spec.workspace.path }),
    home: homedir(),
    onHost,
  });
  if (report && !json) printError(auditText(found));
  if (learn !== undefined) writeProfile(learn, log, found);
  return report && json ? asJson(found) : undefined;
}

function readLog(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw AuditError.missing(path, error);
  }
}

/** Whether the user of the host sees something there: what may not be looked at is not missed. */
function onHost(path: string): boolean {
  try {
    return lstatSync(encodeBytes(path), { throwIfNoEntry: false }) !== undefined;
  } catch {
    return false;
  }
}

/** The stable form. */
function asJson(report: AuditReport): object {
  const { depth, refused, keptAway, written, read, programs, network, dropped } = report;
  return {
    version: SCHEMA_VERSION,
    audit: depth,
    complete: dropped === 0,
    refused,
    keptAway,
    written,
    read,
    programs,
    network: network.map(({ use, address: { family }, text, keptAway: kept }) => ({
      use,
      family,
      address: text,
      keptAway: kept,
    })),
  };
}

function writeProfile(path: string, log: AuditLog, found: AuditReport): void {
  const profile = learnProfile(log);
  writeAside(path, profile);
  const used = `${path}.used.json`;
  writeAside(used, asJson(found));
  const calls = new Set(profile.syscalls.flatMap(({ names, action }) => (action === 'SCMP_ACT_ALLOW' ? names : [])));
  note(`${path} allows ${calls.size} system calls; use it with --security-opt seccomp=${path}`);
}

/** A reader never sees a half. */
function writeAside(path: string, content: object): void {
  const aside = `${path}.${process.pid}.new`;
  writeFileSync(encodeBytes(aside), `${JSON.stringify(content, null, 2)}\n`, { flag: 'wx' });
  renameSync(encodeBytes(aside), encodeBytes(path));
}
