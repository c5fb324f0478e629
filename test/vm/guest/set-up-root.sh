# In the new root, by mmdebstrap: accounts, keys, and no unit that a test machine has no use for.
useradd -m -u 1000 -U -s /bin/bash dev
useradd -m -u 1001 -U -s /bin/bash bare
echo dev:100000:65536 >/etc/subuid
echo dev:100000:65536 >/etc/subgid
for home in root home/dev home/bare; do
  install -d -m 700 "/$home/.ssh"
  cp /tmp/key.pub "/$home/.ssh/authorized_keys"
done
chown -R dev: /home/dev
chown -R bare: /home/bare
rm -f /tmp/key.pub
# AppArmor stays on, without profiles to compile at every boot.
find /etc/apparmor.d -maxdepth 1 -type f -delete
systemctl -q set-default multi-user.target
systemctl -q enable vm-setup vm-ready ssh
systemctl -q mask apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer e2scrub_reap.service \
  fstrim.timer systemd-timesyncd.service systemd-pstore.service systemd-hwdb-update.service systemd-update-utmp.service \
  systemd-journal-flush.service systemd-random-seed.service getty@tty1.service serial-getty@ttyS0.service \
  serial-getty@ttyAMA0.service systemd-networkd.service sys-kernel-debug.mount sys-kernel-tracing.mount \
  dev-hugepages.mount dev-mqueue.mount modprobe@drm.service
