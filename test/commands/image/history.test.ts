import assert from 'node:assert/strict';
import { it } from 'node:test';
import { historySteps } from '../../../src/commands/image/image-history.ts';
import { NO_DEFAULTS } from '../../../src/commands/spec/image-defaults.ts';
import type { HistoryEntry, ImageConfig, ImageManifest } from '../../../src/image/model.ts';

function image(
  sizes: readonly number[],
  history: readonly HistoryEntry[],
): { manifest: ImageManifest; config: ImageConfig } {
  const descriptor = (size: number) => ({ mediaType: 'x', digest: `sha256:${size}` as const, size });
  const layers = sizes.map((size) => ({ ...descriptor(size), compression: 'gzip' as const }));
  return {
    manifest: { kind: 'manifest', mediaType: 'm', config: descriptor(0), layers },
    config: { platform: { os: 'linux', architecture: 'amd64' }, diffIds: [], history, defaults: NO_DEFAULTS },
  };
}

const shown = (sizes: readonly number[], history: readonly HistoryEntry[]) =>
  historySteps(image(sizes, history)).map(({ createdBy, size, layer }) => [createdBy, size, layer]);

it('a history tells the last step first, with the layer of each that has one', () => {
  const steps = [
    { createdBy: 'ADD', emptyLayer: false },
    { createdBy: 'ENV', emptyLayer: true },
    { createdBy: 'RUN', emptyLayer: false },
  ];
  assert.deepEqual(shown([10, 20], steps), [
    ['RUN', 20, 'sha256:20'],
    ['ENV', 0, null],
    ['ADD', 10, 'sha256:10'],
  ]);
});

it('layers and steps that do not match are all shown', () => {
  assert.deepEqual(shown([10, 20], []), [
    ['', 20, 'sha256:20'],
    ['', 10, 'sha256:10'],
  ]);
  assert.deepEqual(shown([], [{ createdBy: 'RUN', emptyLayer: false }]), [['RUN', 0, null]]);
});
