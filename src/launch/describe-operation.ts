import type { SetupOp } from './operations.ts';

/** A hundred layers are not named one by one. */
function describeLayers(lower: readonly string[]): string {
  const [uppermost = ''] = lower;
  return lower.length <= 2 ? lower.join(':') : `${uppermost} and ${lower.length - 1} layers below it`;
}

/** A sentence fragment that says what an operation does, for errors and listings: `mount the overlay on /usr`. */
export function describeOperation(operation: SetupOp): string {
  switch (operation.op) {
    case 'enterSandboxDirectory':
      return operation.sandbox.kind === 'named'
        ? `open the sandbox ${operation.sandbox.name} in ${operation.store}`
        : `make a sandbox in ${operation.store}`;
    case 'makeSandboxDirectories':
      return 'make the directories of the sandbox';
    case 'handOver':
      return `hand over to ${operation.to[0]}`;
    case 'rememberDirectory':
      return 'remember the current directory';
    case 'detach':
      return 'go on by itself';
    case 'dieWithParent':
      return 'end with who started it';
    case 'enterControlGroup':
      return 'enter the control group';
    case 'openAuditLog':
      return 'open the audit log';
    case 'timeLimit':
      return `end the sandbox after ${operation.seconds} s`;
    case 'createNamespaces':
      return `create the namespaces ${operation.namespaces.join(', ')}`;
    case 'joinNamespaces':
      return 'enter the running sandbox';
    case 'dieWithMonitor':
      return 'tie the sandbox to its monitor';
    case 'isolateMounts':
      return "cut the mounts off from the host's";
    case 'mountRootMemory':
      return 'mount a root file system in memory';
    case 'mountRootDirectory':
      return `mount ${operation.source} as the root file system`;
    case 'mountRootOverlay':
      return `mount the overlay over ${describeLayers(operation.layers.lower)} as the root file system`;
    case 'mountRootFuseOverlay':
      return `mount the overlay over ${describeLayers(operation.layers.lower)} as the root file system with ${operation.program}`;
    case 'copyLayers':
      return `copy ${describeLayers(operation.lower)}`;
    case 'makeDirectory':
    case 'makeFile':
    case 'makeSymlink':
      return `make ${operation.path}`;
    case 'overlay':
      return `mount the overlay on ${operation.target}`;
    case 'fuseOverlay':
      return `mount the overlay on ${operation.target} with ${operation.program}`;
    case 'bind':
      return `mount ${operation.source} on ${operation.target}${operation.attributes.readOnly ? ' read-only' : ''}`;
    case 'bindContent':
      return `put a generated file on ${operation.target}`;
    case 'writeFile':
      return `write ${operation.path}`;
    case 'memory':
      return `mount a file system in memory on ${operation.target}`;
    case 'proc':
    case 'sysfs':
    case 'devpts':
      return `mount ${operation.op} on ${operation.target}`;
    case 'messageQueues':
      return `mount the message queues on ${operation.target}`;
    case 'controlGroups':
      return `mount the control groups on ${operation.target}`;
    case 'mask':
      return `hide ${operation.path}`;
    case 'readOnlyPath':
      return `make ${operation.path} read-only`;
    case 'loopbackUp':
      return 'bring the loopback interface up';
    case 'forbidUserNamespaces':
      return 'forbid user namespaces';
    case 'hostname':
      return `set the host name ${operation.name}`;
    case 'ownTerminal':
      return 'open a pseudo-terminal';
    case 'readOnlyRoot':
      return 'make the root file system read-only';
    case 'pivotRoot':
      return 'change to the new root file system';
    case 'startCommand':
      return "start the command's process";
    case 'removeTree':
      return `remove ${operation.path}`;
    case 'finish':
      return 'end';
    case 'takeTerminal':
      return 'take the pseudo-terminal';
    case 'newSession':
      return 'begin a session of its own';
    case 'standardInputNull':
      return 'give the command an empty standard input';
    case 'changeDirectory':
      return `change to the directory ${operation.path}`;
    case 'enterCallersDirectory':
      return `change to the caller's directory in ${operation.within}`;
    case 'nestedUser':
      return `show the user as ${operation.uid.inside}:${operation.gid.inside}`;
    case 'setUser':
      return `become ${operation.uid}:${operation.gid}`;
    case 'dropCapabilities':
      return `keep ${operation.keep.length} capabilities`;
    case 'noNewPrivileges':
      return 'forbid new privileges';
    case 'resourceLimits':
      return `limit resources: ${operation.limits.map(({ name }) => name).join(', ')}`;
    case 'lockSecureBits':
      return "lock root's id out of capabilities";
    case 'landlock':
      return operation.rules.connectTcp === undefined && operation.rules.bindTcp === undefined
        ? 'restrict the process by Landlock'
        : 'restrict the process to the TCP ports by Landlock';
    case 'seccomp':
      return `install the system call filter: ${operation.purpose}`;
    case 'startAuditor':
      return 'start the auditor';
    case 'audit':
      return `install the audited system call filter: ${operation.purpose}`;
    case 'resetSignals':
      return 'reset the signals';
    case 'closeDescriptors':
      return 'close other descriptors';
    case 'execute':
      return `execute ${operation.command[0]}`;
    case 'hold':
      return 'hold the sandbox open';
  }
}
