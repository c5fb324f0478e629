import assert from 'node:assert/strict';
import { chmodSync, chownSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { runAs } from '../../support/user.ts';
import { onChangedHost, withMounts } from './support/mount-namespace.ts';
import { at, ordinary, place } from './support/place.ts';

describe('a workspace', ordinary, () => {
  it('that is / or the home is not mounted, which is told; the home can be asked for', async (t) => {
    const where = place(t, 'workspace');
    const root = await at(where, ['run', '--', 'pwd'], { cwd: '/' });
    assert.deepEqual([root.status, root.stdout], [0, `${where.user.home}\n`]);
    assert.match(root.stderr, /the current directory is the whole system: not mounted/);
    const marker = `${where.user.home}/marker-${process.pid}`;
    writeFileSync(marker, 'mine\n');
    t.after(async () => (await import('node:fs/promises')).rm(marker));
    const home = await at(where, ['run', '--', 'sh', '-c', `pwd; ls ${marker}`], { cwd: where.user.home });
    assert.equal(home.stdout, `${where.user.home}\n`);
    assert.match(home.stderr, /the current directory is your home: not mounted \(--workspace rw mounts it\)/);
    const asked = await at(where, ['run', '--workspace', 'ro', '--', 'cat', marker], { cwd: where.user.home });
    assert.deepEqual([asked.status, asked.stdout], [0, 'mine\n'], asked.stderr);
    const refused = await at(where, ['run', '--workspace', 'rw', '--', 'true'], { cwd: '/' });
    assert.equal(refused.status, 125);
    assert.match(refused.stderr, /the current directory is \/, which cannot be a workspace/);
  });

  it('that has vanished is told as such', async (t) => {
    const { user, cwd, env } = place(t, 'workspace');
    const script = 'mkdir gone; cd gone; rmdir ../gone; "$0" run -- true';
    const result = await runAs(user, ['sh', '-c', script, user.sandbox], { cwd, env });
    assert.equal(result.status, 125);
    assert.match(
      result.stderr,
      /\/proc\/self\/cwd.*No such file or directory \(ENOENT\)|current directory.*(removed|ENOENT)/,
    );
    assert.doesNotMatch(result.stderr, /unexpected failure/);
  });

  it('that is removed while the sandbox runs does not keep it from ending well', async (t) => {
    const { user, cwd, env } = place(t, 'workspace');
    const script = 'mkdir gone; cd gone; "$0" run -- sh -c "echo now; cat; ls; echo status \\$?" | tee ../said';
    const whole = `{ until grep -qs now said; do sleep 0.1; done; rmdir gone; } | (${script})`;
    const result = await runAs(user, ['sh', '-c', whole, user.sandbox], { cwd, env });
    assert.deepEqual([result.status, result.stdout], [0, 'now\nstatus 0\n'], result.stderr);
  });

  it('that is not writable can be read', { skip: withMounts.skip }, async (t) => {
    const where = place(t, 'workspace');
    const directory = `${where.cwd}/roots`;
    mkdirSync(directory);
    writeFileSync(`${directory}/file`, 'content\n');
    const command = 'pwd; cat file; touch new || echo refused';
    const result = await at(where, ['run', '--', 'sh', '-c', command], { cwd: directory });
    assert.deepEqual([result.status, result.stdout], [0, `${directory}\ncontent\nrefused\n`], result.stderr);
    const asRoot = await at(where, ['run', '-u', 'root', '--', 'sh', '-c', command], { cwd: directory });
    assert.equal(asRoot.stdout, `${directory}\ncontent\nrefused\n`, asRoot.stderr);
    assert.equal(readFileSync(`${directory}/file`, 'utf8'), 'content\n');
  });

  it('that may be entered but not listed works', { skip: withMounts.skip }, async (t) => {
    const where = place(t, 'workspace');
    const directory = `${where.cwd}/passage`;
    mkdirSync(`${directory}/inner`, { recursive: true });
    chownSync(`${directory}/inner`, where.user.uid, where.user.gid);
    chmodSync(directory, 0o711);
    const result = await at(where, ['run', '--', 'sh', '-c', 'pwd; echo x > file; cat file'], {
      cwd: `${directory}/inner`,
    });
    assert.deepEqual([result.status, result.stdout], [0, `${directory}/inner\nx\n`], result.stderr);
  });

  it('that is a mount point, with mounts below it, comes with them', withMounts, async (t) => {
    const where = place(t, 'workspace');
    const mounted = `mount -t tmpfs -o mode=777 none "$HERE"; mkdir -m 777 "$HERE/below"; echo deep > "$HERE/below/file"
      chown -R ${where.user.uid}:${where.user.gid} "$HERE"\n`;
    const below = `${mounted}mount -t tmpfs -o mode=777 none "$HERE/below"; echo deeper > "$HERE/below/file"\n`;
    const command = 'pwd; cat below/file; (echo new > below/new && cat below/new) 2>/dev/null; :';
    const cases = [
      ['rw', mounted, 'deep\nnew\n'],
      ['rw', below, 'deeper\nnew\n'],
      ['ro', mounted, 'deep\n'],
      ['ro', below, 'deeper\n'],
      ['cow', mounted, 'deep\nnew\n'],
    ] as const;
    for (const [kind, script, seen] of cases) {
      const result = await onChangedHost(where, script, ['run', '--workspace', kind, '--', 'sh', '-c', command]);
      assert.deepEqual([result.status, result.stdout], [0, `${where.cwd}\n${seen}`], `${kind}: ${result.stderr}`);
    }
    const refused = await onChangedHost(where, below, ['run', '--workspace', 'cow', '--', 'true']);
    assert.equal(refused.status, 125);
    assert.match(refused.stderr, /something is mounted below it on the host: .*\/below \(EINVAL\)/);
    assert.match(refused.stderr, /hint: .*--workspace rw or ro/);
  });
});
