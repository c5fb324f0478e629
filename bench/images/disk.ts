import { goal, missed } from '../goals.ts';
import type { Ground } from '../ground/ground.ts';
import { output } from '../measure/process.ts';
import type { Measured } from '../report/measured.ts';
import { AS_ROOT, type Beds, cleaner } from './beds.ts';

const SANDBOXES = 20;
const MEASURE = `${SANDBOXES} sandboxes of an image, one changed file each: disk beyond the image`;

/** What sandboxes take on the disk beside the layers that they share: blocks, with directories and all they are kept by. */
export function diskOfSandboxes(ground: Ground, beds: Beds): Measured {
  const { sandbox, full } = ground;
  const data = `${full.home}/many`;
  const env = { XDG_DATA_HOME: data };
  const image = `${beds.host}/bigapp:1`;
  const kilobytes = (path: string): number => {
    output({ argv: ['/usr/bin/sync', '--file-system', data], account: full });
    // Launchers are only kept of sandboxes that were opened again.
    const script = 'if [ -e "$0" ]; then du -sk "$0"; else echo 0; fi';
    return Number.parseInt(output({ argv: [...AS_ROOT, 'sh', '-c', script, path], account: full }), 10);
  };
  const parts = ['sandboxes', 'launchers'];
  const look = (): number[] => [data, ...parts.map((part) => `${data}/sandbox/${part}`)].map(kilobytes);
  try {
    output({ argv: [sandbox, 'image', 'pull', '--quiet', image], account: full, env });
    // What the first sandbox makes for all of them is not of the twenty.
    const options = ['--network', 'none', '--workspace', 'none'];
    const open = (name: string, ...change: readonly string[]): void => {
      output({ argv: [sandbox, 'shell', '--name', name, ...options, image, '--', ...change], account: full, env });
    };
    open('first', 'true');
    const before = look();
    for (let count = 0; count < SANDBOXES; count++) {
      open(`changed-${count}`, 'sh', '-c', 'echo "# changed" >> /etc/bash.bashrc');
    }
    const [all = 0, ...each] = look().map((size, at) => ((size - (before[at] ?? 0)) * 1024) / 1e6);
    const rows = [['all', all.toFixed(2)], ...parts.map((part, at) => [`of it ${part}`, (each[at] ?? 0).toFixed(2)])];
    const table = [['what', 'MB'], ...rows];
    return { parts: [{ title: MEASURE, table }], goals: [goal(MEASURE, all, 'MB', [1, 1])] };
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    return { parts: [], goals: [missed(MEASURE, 'MB', [1, 1])] };
  } finally {
    cleaner(ground, data)();
  }
}
