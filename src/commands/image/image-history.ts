import { ImageError } from '../../image/error.ts';
import type { HistoryEntry } from '../../image/model.ts';
import type { Digest } from '../../store/digest.ts';
import { byteText } from '../../ui/quantity.ts';
import { type Column, tableForOutput } from '../../ui/table.ts';
import { fit } from '../../ui/width.ts';
import { age } from '../ps/age.ts';
import { type ImageContent, type StoredInfo, selectStored, storedImages } from './stored.ts';

/** A step of an image's building; the stable form for programs: docs/images.md. */
export interface HistoryStep {
  readonly created: string | null;
  readonly createdBy: string;
  readonly comment: string;
  /** Compressed bytes of its layer; 0 where it has none. */
  readonly size: number;
  /** Digest of its layer's blob. */
  readonly layer: Digest | null;
}

/** Columns that a command gets unless `--no-trunc` is given: as podman. */
const COMMAND = 45;

/** Gives what was read from the store. Throws an ImageError where that is damaged. */
export function contentOf({ name, id, content }: StoredInfo): ImageContent {
  if (content !== undefined) return content;
  throw new ImageError('CORRUPT', `the image ${name ?? id} is damaged in the store`, {
    hint: 'pull it again: what is there already is not downloaded again',
  });
}

/** Takes an image and gives the steps, the last one first; layers that no step tells of are steps of their own. */
export function historySteps({ manifest, config }: Pick<ImageContent, 'manifest' | 'config'>): HistoryStep[] {
  const layers = [...manifest.layers];
  const step = ({ created, createdBy, comment, emptyLayer }: HistoryEntry): HistoryStep => {
    const layer = emptyLayer ? undefined : layers.shift();
    return {
      created: created ?? null,
      createdBy: createdBy ?? '',
      comment: comment ?? '',
      size: layer?.size ?? 0,
      layer: layer?.digest ?? null,
    };
  };
  const told = config.history.map(step);
  const untold = [...layers].map(() => step({ emptyLayer: false }));
  return [...told, ...untold].reverse();
}

/** Gives the text of an image's history. Throws an ImageError or a StoreError. */
export async function imageHistory(
  unsafeName: string,
  { noTrunc, json }: { readonly noTrunc: boolean; readonly json: boolean },
): Promise<string> {
  const steps = historySteps(contentOf(await selectStored(unsafeName, storedImages())));
  if (json) return `${JSON.stringify(steps, null, 2)}\n`;
  const oneLine = (text: string): string => text.replace(/\s+/g, ' ').trim();
  const columns: Column<HistoryStep>[] = [
    { heading: 'CREATED', text: ({ created }) => age(Date.parse(created ?? ''), Date.now()) },
    {
      heading: 'CREATED BY',
      text: ({ createdBy }) => (noTrunc ? oneLine(createdBy) : fit(oneLine(createdBy), COMMAND)),
      mayShrink: !noTrunc,
    },
    { heading: 'SIZE', text: ({ size, layer }) => (layer === null ? '' : byteText(size)) },
    { heading: 'COMMENT', text: ({ comment }) => oneLine(comment), mayShrink: !noTrunc },
  ];
  return tableForOutput(columns, steps);
}
