/*
 * A root file system with dnf, zypper and pacman as Debian has them, which installs from repositories of its own: two packages,
 * one of which needs the other, has a script that is run when it is installed, and a file that is not for everyone.
 */

export const MANAGERS = ['dnf', 'zypper', 'pacman-package-manager', 'rpm', 'createrepo-c'];

/** What no manager needs. */
export const LEFT_OUT = ['doc', 'locale', 'man', 'info'].map((name) => `--dpkgopt=path-exclude=/usr/share/${name}/*`);

const SPEC = `Name: hello-x
Version: 1.0
Release: 1
Summary: A greeting
License: MIT
BuildArch: noarch
Requires: hello-data
%description
A greeting
%package -n hello-data
Summary: Its text
%description -n hello-data
Its text
%package -n system
Summary: What is there from the start
Provides: /bin/sh
%description -n system
What is there from the start
%install
cp -a /root/tree/. %{buildroot}
%post
echo set up > /usr/share/hello-x/made
%files
/usr/bin/hello-x
%files -n system
%files -n hello-data
%dir /usr/share/hello-x
%attr(640,root,mail) /usr/share/hello-x/text
`;

const PACMAN_CONF = `[options]
Architecture = auto
CheckSpace
SigLevel = Never
[local-packages]
Server = file:///srv/pacman
`;

const REPO = `[local-packages]
name=local-packages
baseurl=file:///srv/rpm
gpgcheck=0
enabled=1
`;

const COLUMNS = '%NAME% %VERSION% %ARCH% %CSIZE% %SHA256SUM% %FILENAME%';

/** Run inside, when the packages are there. The formats of pacman: PKGINFO(5), and what repo-add(8) writes. */
export const MANAGERS_SCRIPT = `set -eu
cd /root
mkdir -p tree/usr/bin tree/usr/share/hello-x /srv/rpm /srv/pacman /etc/dnf/vars /etc/yum.repos.d /etc/zypp/repos.d /etc/rpm
printf '#!/bin/sh\\ncat /usr/share/hello-x/text\\n' > tree/usr/bin/hello-x
chmod 755 tree/usr/bin/hello-x
echo hello > tree/usr/share/hello-x/text

echo '%_dbpath /var/lib/rpm' > /etc/rpm/macros
echo 1 > /etc/dnf/vars/releasever
cat > /etc/yum.repos.d/local.repo <<'end'
${REPO}end
cp /etc/yum.repos.d/local.repo /etc/zypp/repos.d
cat > hello.spec <<'end'
${SPEC}end
rpmbuild --quiet -bb --define '_topdir /root/rpmbuild' hello.spec
rpm -i rpmbuild/RPMS/noarch/system-*.rpm
cp rpmbuild/RPMS/noarch/hello-*.rpm /srv/rpm
createrepo_c -q /srv/rpm

cat > /etc/pacman.conf <<'end'
${PACMAN_CONF}end
ln -sf ../proc/self/mounts /etc/mtab
chgrp mail tree/usr/share/hello-x/text
chmod 640 tree/usr/share/hello-x/text
printf 'post_install() {\\n  echo set up > /usr/share/hello-x/made\\n}\\n' > tree/.INSTALL
mkdir db
package() {
  file=$1-1.0-1-any.pkg.tar.gz
  printf 'pkgname = %s\\npkgver = 1.0-1\\npkgdesc = A greeting\\nbuilddate = 1700000000\\nsize = 100\\narch = any\\n' $1 > tree/.PKGINFO
  [ -z "$2" ] || echo "depend = $2" >> tree/.PKGINFO
  shift 2
  tar -C tree -czf /srv/pacman/$file .PKGINFO "$@"
  set -- \${file%-1.0*} 1.0-1 any $(stat -c %s /srv/pacman/$file) $(sha256sum < /srv/pacman/$file | cut -d ' ' -f 1) $file
  mkdir db/$1-1.0-1
  for column in ${COLUMNS}; do
    printf '%s\\n%s\\n\\n' $column $1
    shift
  done > db/\${file%-any*}/desc
}
package hello-data '' usr/share
package hello-x hello-data .INSTALL usr/bin
printf '%%DEPENDS%%\\nhello-data\\n\\n' >> db/hello-x-1.0-1/desc
tar -C db -czf /srv/pacman/local-packages.db hello-data-1.0-1 hello-x-1.0-1
rm -r /root/* /usr/share/perl /usr/lib/*-linux-gnu/perl /var/log/zypp* 2>/dev/null || :
`;
