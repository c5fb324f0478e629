#!/bin/busybox sh
b=/bin/busybox
$b mount -t devtmpfs dev /dev; $b mount -t proc proc /proc
for m in /modules/*; do $b insmod "$m"; done
n=0; until [ -b /dev/vda ] || [ $n = 300 ]; do $b usleep 20000; n=$((n+1)); done
$b mount -t ext4 -o rw /dev/vda /new || $b poweroff -f
$b umount /proc; $b mount -o move /dev /new/dev
exec $b switch_root /new /sbin/init
