import { type Goal, ratioGoal, type Section } from '../goals.ts';
import type { Ground } from '../ground/ground.ts';
import { measureInTurns } from '../measure/interleaved.ts';
import type { Candidate } from '../peers/candidate.ts';
import { notInstalled } from '../peers/candidate.ts';
import { podmanPull } from '../peers/podman.ts';
import type { Result } from '../sections.ts';
import { type Beds, cleaner } from './beds.ts';

const OWN = 'sandbox image pull';
const PEER = 'podman pull';

/** `sandbox image pull` into a store with nothing in it. */
export function ownPull(ground: Ground, beds: Beds, tag: string, name: string): Candidate {
  const data = `${ground.full.home}/cold`;
  const argv = [ground.sandbox, 'image', 'pull', '--quiet', `${beds.host}/bigapp:${tag}`];
  return { name, reset: cleaner(ground, data), command: { argv, account: ground.full, env: { XDG_DATA_HOME: data } } };
}

/** `podman pull` into a store with nothing in it. */
export function peerPull(ground: Ground, beds: Beds, tag: string, name: string): Candidate {
  const root = `${ground.full.home}/podman-cold`;
  const command = podmanPull(ground, `${beds.host}/bigapp:${tag}`, root);
  return command === undefined ? notInstalled(name, 'podman') : { name, reset: cleaner(ground, root), command };
}

/** From a registry of this machine to a tree that can be run. */
export function pull(ground: Ground, beds: Beds, runs: number): Result {
  const candidates = [
    ownPull(ground, beds, '1', OWN),
    peerPull(ground, beds, '1', PEER),
    ownPull(ground, beds, '1-zstd', `${OWN} (zstd)`),
    peerPull(ground, beds, '1-zstd', `${PEER} (zstd)`),
    downloadAlone(ground, beds),
  ];
  const section: Section = {
    title: 'Pulling an image of three layers into an empty store',
    unit: 'ms',
    outcomes: measureInTurns(candidates, runs, 1),
    reference: PEER,
  };
  const goals: Goal[] = [ratioGoal(section, OWN, PEER, [0.5, 0.35])];
  cleaner(ground, `${ground.full.home}/cold`, `${ground.full.home}/podman-cold`)();
  return { section, goals };
}

/** What the network and the registry have in it: one connection, one layer after the other, nothing done with it. */
function downloadAlone({ full, node, disk }: Ground, { host }: Beds): Candidate {
  const script = `
    const http = require('node:http');
    const get = (path, then) => http.get({ host: '127.0.0.1', port: ${host.split(':')[1]}, path, headers: { accept:
      'application/vnd.oci.image.manifest.v1+json' } }, then);
    get('/v2/bigapp/manifests/1', async (answer) => {
      const { layers } = JSON.parse((await answer.toArray()).join(''));
      for (const { digest } of layers) await new Promise((done) => get('/v2/bigapp/blobs/' + digest, (blob) => {
        blob.on('data', () => {}); blob.on('end', done);
      }));
    });`;
  const command = { argv: [node, '--eval', script], account: full, cwd: disk };
  return { name: 'the download alone, in Node', command };
}
