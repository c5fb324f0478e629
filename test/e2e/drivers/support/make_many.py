"""Makes COUNT layers of one file each, and one that all of them have: python3 make_many.py DIRECTORY COUNT

Prints their paths, uppermost first.
"""

import os
import sys

BASE, COUNT = sys.argv[1], int(sys.argv[2])

for number in range(COUNT):
    tree = f'{BASE}/{number}-of-a-name-as-long-as-a-digest-0123456789abcdef0123456789abcdef/tree'
    os.makedirs(f'{tree}/data')
    for name, content in ((f'of-{number}', number), ('of-all', number)):
        with open(f'{tree}/data/{name}', 'w') as out:
            out.write(f'{content}\n')
    if number == 0:
        for name in ('proc', 'sys', 'dev', 'etc', 'usr', 'script'):
            os.mkdir(f'{tree}/{name}')
        for name in ('bin', 'lib', 'lib64'):
            os.symlink(f'usr/{name}', f'{tree}/{name}')
        for name in ('hosts', 'hostname'):
            open(f'{tree}/etc/{name}', 'w').close()

for number in reversed(range(COUNT)):
    print(f'{BASE}/{number}-of-a-name-as-long-as-a-digest-0123456789abcdef0123456789abcdef/tree')
