import { defineCommand } from './arguments/command.ts';
import { flag } from './arguments/option.ts';

export const doctor = defineCommand({
  name: 'doctor',
  category: 'Insight',
  description: 'Say what this machine offers to sandboxes, and what mends what is missing',
  operands: '',
  details: `
    Looks at the kernel, user namespaces and what blocks them, subordinate ids, overlays, control groups, FUSE and memory.
    The exit status is 1 if something is found that keeps sandboxes from working.
  `,
  examples: [
    ['Look at everything', 'sandbox doctor'],
    ['For programs', 'sandbox doctor --json'],
  ],
  completion: { kind: 'nothing' },
  takesCommand: false,
  options: { json: flag(['--json'], 'Print a JSON array of findings') },
  rule: { limit: () => 0, surplus: 'refused' },
  execute: async ({ options }) => {
    const { diagnose } = await import('../doctor/diagnose.ts');
    const { print } = await import('../ui/output.ts');
    const { hostProbe } = await import('../doctor/host-probe.ts');
    const { tryOverlay, tryUserNamespace } = await import('../sandbox/trials.ts');
    const findings = await diagnose(hostProbe({ tryUserNamespace, probeOverlay: tryOverlay }));
    if (options.json) {
      print(`${JSON.stringify(findings, null, 2)}\n`);
    } else {
      const { findingsText } = await import('./doctor/findings-text.ts');
      const { coloursOf } = await import('../ui/colour.ts');
      print(findingsText(findings, coloursOf(1)));
    }
    return findings.some(({ state }) => state === 'error') ? 1 : 0;
  },
});
