import { MOUNT } from '../../linux/constants/mount.ts';
import { flags, type Named, type Slot } from '../argument.ts';
import type { MountAttributes, OverlayLayers, SetupOp } from '../operations.ts';
import { close, HERE, type Lowering, openFlags, openInRoot } from './context.ts';
import { attach, attachRoot, newMount } from './detached-mount.ts';
import { commonOptions, layerOptions } from './overlay-options.ts';

type Operation<Name extends SetupOp['op']> = Extract<SetupOp, { op: Name }>;

/** The directory of the sandbox's own on which the root file system is mounted. */
const ROOT_PLACE = 'root';
/** Descriptors from here on are the overlay's directories while it is mounted; below are those of the set-up. */
const FIRST_LAYER = 100;

export function mountRootOverlay(lowering: Lowering, { layers }: Operation<'mountRootOverlay'>): void {
  const { builder, root } = lowering;
  const attributes = { noSuid: true, noDev: true };
  const options = layerOptions(layers);
  if (options) {
    newMount(builder, 'overlay', [['source', 'sandbox'], ...options, ...commonOptions(layers)], attributes, root);
    attachRoot(lowering);
    return;
  }
  const directory = openFlags(builder, 'O_PATH', 'O_DIRECTORY');
  const place = builder.scratch('overlay place');
  builder.syscall('openat', [HERE, builder.string(ROOT_PLACE), directory, 0], { result: place });
  mountOnPlace(lowering, layers, attributes, place);
  builder.syscall('openat', [HERE, builder.string(ROOT_PLACE), directory, 0], { result: root });
}

export function overlay(lowering: Lowering, { layers, target, attributes }: Operation<'overlay'>): void {
  const { builder } = lowering;
  const options = layerOptions(layers);
  if (options) {
    const mount = builder.scratch('overlay');
    newMount(builder, 'overlay', [['source', 'sandbox'], ...options, ...commonOptions(layers)], attributes, mount);
    attach(lowering, mount, target);
    return;
  }
  const place = builder.scratch('overlay place');
  openInRoot(lowering, target, ['O_PATH', 'O_DIRECTORY'], { result: place });
  mountOnPlace(lowering, layers, attributes, place);
}

/**
 * Mounts the overlay on what `place` stands for, which is closed. mount(2) takes all options in one page, so the layers have
 * to have short names, all 500 of them: those of their descriptors in /proc/self/fd, which is the current directory for that
 * moment. It works on every kernel, and no path of the host is to be read in the sandbox's /proc/mounts.
 */
function mountOnPlace(lowering: Lowering, layers: OverlayLayers, attributes: MountAttributes, place: Slot): void {
  const { builder } = lowering;
  const { lower, upper } = layers;
  const paths = [...lower, ...(upper ? [upper.directory, upper.work] : [])];
  const names = paths.map((_, index) => String(FIRST_LAYER + index));
  const placeName = FIRST_LAYER + paths.length;
  const back = builder.scratch('way back');
  const open = openFlags(builder, 'O_PATH', 'O_DIRECTORY');
  const opened = builder.scratch('layer');
  paths.forEach((path, index) => {
    builder.syscall('openat', [HERE, builder.string(path), open, 0], { result: opened });
    builder.syscall('dup3', [opened, FIRST_LAYER + index, openFlags(builder)]);
    close(builder, opened);
  });
  builder.syscall('dup3', [place, placeName, openFlags(builder)]);
  close(builder, place);
  builder.syscall('openat', [HERE, builder.string('.'), open, 0], { result: back });
  builder.syscall('chdir', [builder.string('/proc/self/fd')]);
  const options: Array<readonly [string, string?]> = [['lowerdir', names.slice(0, lower.length).join(':')]];
  if (upper) options.push(['upperdir', names.at(-2) ?? ''], ['workdir', names.at(-1) ?? '']);
  options.push(...commonOptions(layers));
  const text = options.map(([key, value]) => (value === undefined ? key : `${key}=${value}`)).join(',');
  builder.syscall('mount', [
    builder.string('sandbox'),
    builder.string(String(placeName)),
    builder.string('overlay'),
    mountFlags(attributes),
    builder.string(text),
  ]);
  builder.syscall('fchdir', [back]);
  close(builder, back);
  builder.syscall('close_range', [FIRST_LAYER, placeName, 0]);
}

function mountFlags(attributes: MountAttributes): Named {
  const names: Array<keyof typeof MOUNT> = [];
  if (attributes.readOnly) names.push('MS_RDONLY');
  if (attributes.noSuid) names.push('MS_NOSUID');
  if (attributes.noDev) names.push('MS_NODEV');
  if (attributes.noExec) names.push('MS_NOEXEC');
  return flags(MOUNT, ...names);
}
