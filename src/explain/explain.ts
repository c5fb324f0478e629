import type { Probe } from '../doctor/probe.ts';
import type { SetupOp } from '../launch/operations.ts';
import { errnoName } from '../linux/errno.ts';
import { explainConfinement, explainDirectory, explainExecute, explainUser } from './command.ts';
import { SetupError } from './error.ts';
import { type Explain, HELPER_FAILED, type LaunchFailure, PROGRAM_FAILED } from './explanation.ts';
import { explainLandlock } from './landlock.ts';
import {
  explainBind,
  explainKernelPlace,
  explainPivot,
  explainPlace,
  explainProc,
  explainTerminals,
} from './mounts.ts';
import { explainJoin, explainNamespaces, explainRights } from './namespaces.ts';
import { explainOverlay } from './overlay.ts';
import { explainCommon, explainMountLimit, explainNothing, explainStore } from './resources.ts';
import { explainCopy, explainFuseOverlay } from './storage-drivers.ts';

/** Who knows an operation's failures best, in order; after them what an errno means anywhere. */
const EXPLAINERS: Readonly<Record<SetupOp['op'], readonly Explain[]>> = {
  enterSandboxDirectory: [explainStore],
  makeSandboxDirectories: [explainStore],
  handOver: [],
  rememberDirectory: [],
  detach: [],
  dieWithParent: [],
  enterControlGroup: [],
  openAuditLog: [explainStore],
  timeLimit: [],
  createNamespaces: [explainNamespaces],
  joinNamespaces: [explainJoin],
  dieWithMonitor: [],
  isolateMounts: [explainRights],
  mountRootMemory: [explainMountLimit, explainRights],
  mountRootDirectory: [explainMountLimit, explainBind],
  mountRootOverlay: [explainMountLimit, explainOverlay],
  mountRootFuseOverlay: [explainMountLimit, explainFuseOverlay],
  copyLayers: [explainCopy],
  makeDirectory: [explainPlace],
  makeFile: [explainPlace],
  makeSymlink: [],
  overlay: [explainMountLimit, explainOverlay],
  fuseOverlay: [explainMountLimit, explainFuseOverlay],
  bind: [explainMountLimit, explainBind],
  bindContent: [explainMountLimit, explainBind],
  writeFile: [],
  memory: [explainMountLimit, explainBind],
  proc: [explainMountLimit, explainKernelPlace, explainProc],
  sysfs: [explainMountLimit, explainKernelPlace, explainRights],
  devpts: [explainTerminals],
  messageQueues: [explainMountLimit, explainRights],
  controlGroups: [explainMountLimit, explainRights],
  mask: [explainMountLimit, explainRights],
  readOnlyPath: [explainMountLimit, explainRights],
  loopbackUp: [explainRights],
  forbidUserNamespaces: [explainRights],
  hostname: [explainRights],
  ownTerminal: [explainTerminals],
  readOnlyRoot: [explainRights],
  pivotRoot: [explainPivot, explainRights],
  startCommand: [],
  removeTree: [explainStore],
  finish: [],
  takeTerminal: [explainTerminals],
  newSession: [],
  standardInputNull: [],
  enterCallersDirectory: [],
  changeDirectory: [explainDirectory],
  nestedUser: [explainNamespaces],
  setUser: [explainUser],
  dropCapabilities: [explainConfinement],
  noNewPrivileges: [explainConfinement],
  resourceLimits: [],
  lockSecureBits: [explainConfinement],
  landlock: [explainLandlock, explainConfinement],
  seccomp: [explainConfinement],
  startAuditor: [],
  audit: [explainConfinement],
  resetSignals: [],
  closeDescriptors: [],
  execute: [explainExecute],
  hold: [],
};

function isOperation(name: string): name is SetupOp['op'] {
  return Object.hasOwn(EXPLAINERS, name);
}

/**
 * Takes what a launcher hands to its explainer (launch/lower/report.ts): an operation's name, its description and the
 * errno in decimal. Undefined where it is none of that, such as from a person who tries the hidden command.
 */
export function parseFailure(words: readonly string[]): LaunchFailure | undefined {
  const [op = '', description = '', number = '', ...rest] = words;
  if (!isOperation(op) || description === '' || !/^\d{1,9}$/.test(number) || rest.length > 0) return undefined;
  return { op, description, errno: errnoName(Number(number)) };
}

/** Gives the failure as an error that says what failed, why, and what to do on this host. */
export function explainFailure(failure: LaunchFailure, host: Probe): SetupError {
  const { op, description, errno } = failure;
  let explanation = explainNothing(errno);
  for (const explain of [...EXPLAINERS[op], explainCommon]) {
    const found = explain(failure, host);
    if (found === undefined) continue;
    explanation = found;
    break;
  }
  const name = errno === HELPER_FAILED || errno === PROGRAM_FAILED ? '' : ` (${errno})`;
  return new SetupError(`cannot ${description}: ${explanation.cause}${name}`, explanation.hint);
}
