import { defineGroup } from './arguments/group.ts';

export const image = defineGroup({
  name: 'image',
  category: 'Images',
  description: 'Pull, list, load, save and remove images',
  details: `
    An image is named as everywhere: \`debian\` is docker.io/library/debian:latest; NAME:TAG, NAME@sha256:… and
    REGISTRY/NAME:TAG say more. Where an image is to be here already, the beginning of its id will do too.

    For podman's users \`sandbox pull\`, \`images\`, \`rmi\`, \`load\` and \`save\` are \`image pull\`, \`ls\`, \`rm\`, \`load\`
    and \`save\`.
  `,
  examples: [
    ['Get an image', 'sandbox image pull debian:bookworm'],
    ['What is here', 'sandbox image ls'],
    ['Free what no sandbox uses', 'sandbox image prune --all'],
  ],
  loaders: {
    pull: async () => (await import('./image/pull.ts')).pull,
    ls: async () => (await import('./image/ls.ts')).ls,
    rm: async () => (await import('./image/rm.ts')).rm,
    inspect: async () => (await import('./image/inspect.ts')).inspect,
    history: async () => (await import('./image/history.ts')).history,
    tag: async () => (await import('./image/tag.ts')).tag,
    load: async () => (await import('./image/load.ts')).load,
    save: async () => (await import('./image/save.ts')).save,
    prune: async () => (await import('./image/prune.ts')).prune,
  },
});
