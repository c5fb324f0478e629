import { defineCommand } from './arguments/command.ts';
import { flag } from './arguments/option.ts';
import { UsageError } from './arguments/usage-error.ts';

/** What a launcher runs for the storage driver `copy`: not for people, and in no list. */
export const copyLayers = defineCommand({
  name: '__copy',
  category: undefined,
  description: 'Copy what an overlay of layers would show',
  operands: 'TARGET LAYER…',
  details: 'Layers are given from the uppermost down. A target that is there is left as it is.',
  examples: [['Two layers', 'sandbox __copy copy /layers/b/tree /layers/a/tree']],
  completion: { kind: 'nothing' },
  takesCommand: false,
  options: { sync: flag(['--sync'], 'Wait until it is on the disk') },
  rule: { limit: () => Number.POSITIVE_INFINITY, surplus: 'refused' },
  execute: async ({ options, operands }) => {
    const [target, ...layers] = operands;
    if (target === undefined || layers.length === 0) throw new UsageError('expected a target and layers');
    const { copyLayers: copy } = await import('../host/layer-copy/merge.ts');
    copy(target, layers, { sync: options.sync });
    return 0;
  },
});
