"""Lists a directory tree, a line of JSON for each entry: python3 list_tree.py ROOT [PATH-TO-SKIP…]

Everything that an unpacker has to get right, as the kernel says it: bytes that are no UTF-8 show as lone surrogates
(PEP 383), extended attributes and contents as hexadecimal. `same` is the first path of the same file (hard links).
"""

import hashlib
import json
import os
import stat
import sys

ROOT = sys.argv[1]
SKIP = set(sys.argv[2:])

FORMATS = {
    stat.S_IFREG: 'file',
    stat.S_IFDIR: 'directory',
    stat.S_IFLNK: 'symlink',
    stat.S_IFIFO: 'fifo',
    stat.S_IFCHR: 'character',
    stat.S_IFBLK: 'block',
    stat.S_IFSOCK: 'socket',
}


def digest(path):
    content = hashlib.sha256()
    with open(path, 'rb') as file:
        while piece := file.read(1 << 20):
            content.update(piece)
    return content.hexdigest()


def entry(path, found, seen):
    full = ROOT + path
    kind = FORMATS[stat.S_IFMT(found.st_mode)]
    facts = {
        'path': path,
        'kind': kind,
        'mode': found.st_mode & 0o7777,
        'owner': [found.st_uid, found.st_gid],
        'mtime': str(found.st_mtime_ns),
        'xattrs': {name: os.getxattr(full, name, follow_symlinks=False).hex()
                   for name in sorted(os.listxattr(full, follow_symlinks=False))},
    }
    if kind != 'directory':
        facts['size'] = found.st_size
        facts['same'] = seen.setdefault((found.st_dev, found.st_ino), path)
    if kind == 'file':
        facts['content'] = digest(full)
        facts['blocks'] = found.st_blocks
    if kind == 'symlink':
        facts['target'] = os.readlink(full)
    if kind in ('character', 'block'):
        facts['device'] = [os.major(found.st_rdev), os.minor(found.st_rdev)]
    return facts


def main():
    seen = {}
    pending = ['/']
    while pending:
        path = pending.pop()
        found = os.lstat(ROOT + path)
        print(json.dumps(entry(path, found, seen)))
        if not stat.S_ISDIR(found.st_mode):
            continue
        names = sorted(os.listdir(ROOT + path), reverse=True)
        pending += [child for child in (path.rstrip('/') + '/' + name for name in names) if child not in SKIP]


main()
