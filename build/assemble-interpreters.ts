import type { Plugin } from 'esbuild';
import { CODE_OFFSET, interpreterCode } from '../src/launch/interpreter/code.ts';

/**
 * Puts the assembled interpreters into the bundle in place of the assemblers: a launcher is compiled while somebody waits,
 * and assembling its 300 bytes of machine code anew would be a third of that time.
 */
export const assembleInterpreters: Plugin = {
  name: 'assemble-interpreters',
  setup(build) {
    build.onLoad({ filter: /\/src\/launch\/interpreter\/code\.ts$/ }, () => {
      const entries = (['x86_64', 'aarch64'] as const).map((arch) => {
        const { code, handlers } = interpreterCode(arch);
        const bytes = `Buffer.from(${JSON.stringify(code.toString('base64'))}, 'base64')`;
        return `${arch}: { code: ${bytes}, handlers: ${JSON.stringify(handlers)} }`;
      });
      return {
        contents: `
          const assembled = { ${entries.join(', ')} };
          export const CODE_OFFSET = ${CODE_OFFSET};
          export const interpreterCode = (arch) => assembled[arch];`,
        loader: 'js',
      };
    });
  },
};
