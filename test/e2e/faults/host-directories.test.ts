import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { onChangedHost, withMounts } from './support/mount-namespace.ts';
import { type Place, place } from './support/place.ts';

async function see(where: Place, changes: string, command: string): Promise<string> {
  const result = await onChangedHost(where, changes, ['run', '--', 'sh', '-c', command]);
  assert.equal(result.status, 0, result.stderr);
  return result.stdout;
}

const memory = (path: string) => `mount -t tmpfs -o mode=755 none ${path}\n`;

describe("the host's directories", withMounts, () => {
  it('are seen with what is mounted below /usr, /var and /opt, and can be changed there', async (t) => {
    const where = place(t, 'directories');
    const changes = `${memory('/usr/local')}echo local > /usr/local/file; ${memory('/var/lib/misc')}echo misc > /var/lib/misc/file
      ${memory('/opt')}mkdir /opt/tool; echo opt > /opt/tool/file; ${memory('/opt/tool')}echo below > /opt/tool/file\n`;
    const command = `cat /usr/local/file /var/lib/misc/file /opt/tool/file
      for place in /usr/local /opt; do echo new > $place/new && cat $place/new; done; rm /usr/local/file; ls /usr/local`;
    const seen = await see(where, changes, command);
    assert.equal(seen, 'local\nmisc\nbelow\nnew\nnew\nnew\n');
  });

  it('are seen with files that are mounted over others', async (t) => {
    const where = place(t, 'directories');
    const changes =
      'file=$(mktemp); echo "covering" > "$file"; chmod 644 "$file"; mount --bind "$file" /etc/issue; rm "$file"';
    assert.equal(await see(where, changes, 'cat /etc/issue'), 'covering\n');
  });

  it('that cannot be read do not keep a sandbox from being made, nor become readable', async (t) => {
    const where = place(t, 'directories');
    const changes = `${memory('/opt')}mkdir -m 700 /opt/closed; echo secret > /opt/closed/file; mkdir /opt/open; chmod 711 /opt/open
      mkdir /opt/open/known; echo known > /opt/open/known/file; echo hidden > /opt/unreadable; chmod 600 /opt/unreadable
      ${memory('/srv')}chmod 700 /srv; echo secret > /srv/file\n`;
    const command = 'cat /opt/closed/file /opt/unreadable /srv/file; cat /opt/open/known/file; ls -d /opt/closed; :';
    const result = await onChangedHost(where, changes, ['run', '--', 'sh', '-c', command]);
    assert.equal(result.status, 0, result.stderr);
    assert.doesNotMatch(result.stdout, /secret|hidden/);
    assert.match(result.stdout, /\/opt\/closed\n$/);
  });

  it('that changed since the image was prepared are seen as they are: programs, accounts, removed and new', async (t) => {
    const where = place(t, 'directories');
    assert.equal(await see(where, '', 'test -e /usr/bin/new-tool || echo none'), 'none\n');
    const over = (path: string) => `
      mkdir "$tmp${path}.upper" "$tmp${path}.work"
      mount -t overlay -o "lowerdir=${path},upperdir=$tmp${path}.upper,workdir=$tmp${path}.work" none ${path}\n`;
    const changes = `tmp=$(mktemp -d); mount -t tmpfs -o mode=755 none "$tmp"; ${over('/etc')}${over('/opt')}
      printf '#!/bin/sh\\necho upgraded\\n' > /opt/new-tool; chmod 755 /opt/new-tool
      echo 'newcomer:x:4999:4999::/:/bin/sh' >> /etc/passwd; mkdir /etc/new.d; echo new > /etc/new.d/file; rm /etc/issue
      umount -l "$tmp"; rmdir "$tmp"`;
    const command = '/opt/new-tool; id -u newcomer; cat /etc/new.d/file; test -e /etc/issue || echo removed';
    assert.equal(await see(where, changes, command), 'upgraded\n4999\nnew\nremoved\n');
    // And back again.
    assert.equal(await see(where, '', 'id -u newcomer 2>/dev/null; test -e /etc/issue && echo there'), 'there\n');
  });

  it('with a /bin that is a real directory', async (t) => {
    const where = place(t, 'directories');
    const changes = `tmp=$(mktemp -d); mount -t tmpfs -o mode=755 none "$tmp"; mkdir "$tmp/root"; mount --rbind / "$tmp/root"
      rootless=$(mktemp -d); mount -t tmpfs -o mode=755 none "$rootless"
      for path in /*; do
        if [ -L "$path" ]; then [ "$path" = /bin ] || cp -P "$path" "$rootless$path"
        else mkdir "$rootless$path" 2>/dev/null && mount --rbind "$path" "$rootless$path" || :; fi
      done
      mkdir "$rootless/bin"; cp /bin/sh /bin/cat /bin/ls "$rootless/bin"; chmod 1777 "$rootless/tmp"
      mkdir -p "$rootless/old"; cd "$rootless"; pivot_root . old; umount -l /old; rmdir /old`;
    const command = 'test -L /bin || echo real; ls /bin; echo changed > /bin/new; cat /bin/new';
    assert.equal(await see(where, changes, command), 'real\ncat\nls\nsh\nchanged\n');
  });
});
