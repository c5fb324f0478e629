"""Makes unpacked layers as the store keeps them: python3 make_layers.py DIRECTORY OWNERS

To be run as root of a user namespace. Prints their paths, uppermost first. Whiteouts are character devices 0:0, opaque
directories have user.overlay.opaque=y. OWNERS is 'many' where the namespace has more ids than one.
"""

import os
import sys

BASE, OWNERS = sys.argv[1], sys.argv[2] == 'many'
PASSWD = b'root:x:0:0::/root:/bin/sh\napp:x:1000:1000::/home/app:/bin/sh\n'


def place(layer, path):
    full = f'{BASE}/{layer}/tree/{path}'
    os.makedirs(os.path.dirname(full), exist_ok=True)
    return full


def file(layer, path, content=b'', mode=0o644, owner=(0, 0)):
    full = place(layer, path)
    with open(full, 'wb') as out:
        out.write(content)
    own(full, owner)
    os.chmod(full, mode)
    return full


def directory(layer, path, mode=0o755, owner=(0, 0), opaque=False):
    full = place(layer, path)
    os.makedirs(full, exist_ok=True)
    own(full, owner)
    os.chmod(full, mode)
    if opaque:
        os.setxattr(full, 'user.overlay.opaque', b'y')
    return full


def own(full, owner):
    if OWNERS:
        os.chown(full, *owner, follow_symlinks=False)


def whiteout(layer, path):
    os.mknod(place(layer, path), 0o20000, os.makedev(0, 0))


def base():
    for name in ('proc', 'sys', 'dev', 'etc', 'tmp', 'usr', 'run', 'script'):
        directory('base', name)
    for name in ('bin', 'lib', 'lib64', 'sbin'):
        os.symlink(f'usr/{name}', place('base', name))
    file('base', 'etc/passwd', PASSWD)
    file('base', 'etc/hosts')
    file('base', 'etc/hostname')
    for name in ('kept', 'replaced', 'removed', 'became-directory'):
        file('base', f'data/{name}', b'base')
    file('base', 'removed-directory/inside', b'base')
    file('base', 'opaque/below', b'base')
    file('base', 'opaque/both', b'base')
    file('base', 'merged/below', b'base')
    file('base', 'merged/deep/below', b'base')
    directory('base', 'was-directory/inside')
    file('base', 'setuid', b'#!', 0o4755, (1, 2))
    file('base', 'setgid', b'#!', 0o2711, (0, 65534))
    directory('base', 'sticky', 0o1777, (33, 33))
    file('base', 'nobody', b'private', 0o600, (65534, 65534))
    first = file('base', 'links/first', b'linked', 0o640)
    os.link(first, place('base', 'links/second'))
    os.link(first, place('base', 'other-links/third'))
    os.symlink('/nowhere/at all', place('base', 'links/dangling'))
    os.symlink('../data/kept', place('base', 'links/relative'))
    os.mkfifo(place('base', 'links/fifo'), 0o622)
    full = file('base', 'sparse')
    with open(full, 'r+b') as out:
        out.seek(5 << 20)
        out.write(b'middle')
        out.truncate(64 << 20)
    full = file('base', 'attributes', b'x')
    os.setxattr(full, 'user.comment', b'bytes\0and\xff')
    file('base', b'bytes-\xff\xfe'.decode('utf8', 'surrogateescape'), b'bytes')
    file('base', 'a,b:c\\d', b'odd name')


def middle():
    file('middle', 'data/replaced', b'middle')
    whiteout('middle', 'data/removed')
    whiteout('middle', 'removed-directory')
    directory('middle', 'opaque', opaque=True)
    file('middle', 'opaque/both', b'middle')
    file('middle', 'merged/middle', b'middle')
    file('middle', 'merged/deep/below', b'middle')
    file('middle', 'was-directory', b'file now')
    whiteout('middle', 'data/became-directory')


def top():
    directory('top', 'data/became-directory')
    file('top', 'data/became-directory/inside', b'top')
    file('top', 'removed-directory', b'a file now')
    file('top', 'merged/deep/top', b'top')
    directory('top', 'merged', 0o750, (5, 6))
    os.mkdir(place('top', 'empty'))


def settle_times():
    for folder, names, files in os.walk(BASE, topdown=False):
        for number, name in enumerate(sorted(names + files)):
            full = os.path.join(folder, name)
            stamp = 1_500_000_000_000_000_000 + number * 1_000_000_007
            os.utime(full, ns=(stamp, stamp), follow_symlinks=False)


os.umask(0o022)
base()
middle()
top()
settle_times()
for name in ('top', 'middle', 'base'):
    os.chmod(f'{BASE}/{name}/tree', 0o755)
    print(f'{BASE}/{name}/tree')
