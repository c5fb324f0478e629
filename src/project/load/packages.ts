/**
 * Takes names of packages that are no danger in a script (the schema's pattern) and whether apt's archives are kept in a cache;
 * gives the script that installs them with the manager that is there, the same way each time.
 */
export function packagesScript(packages: readonly string[], { cached }: { readonly cached: boolean }): string {
  const words = packages.map((name) => `'${name}'`).join(' ');
  const apt = APT.replace('CLEAN', cached ? ':' : 'apt-get -q clean');
  return `set -- ${words}\n${BEFORE}${apt}${OTHERS}${AFTER}`;
}

/*
 * Packages make keys and ids for the machine they are installed on. In a layer they would be everybody's, and another one each
 * time: those that were not there before are taken away again. A machine's services are not started either: policy-rc.d(5).
 */
const BEFORE = `made=
for file in /etc/machine-id /etc/ssh/ssh_host_*_key /etc/ssl/private/ssl-cert-snakeoil.key; do
  [ ! -s "$file" ] || made="$made $file"
done
`;

/**
 * PostgreSQL's packages of Debian make a database of their own, with a random number in it, unless they are told not to. debconf
 * is Perl, and writes lists in the order of its hashes: perlrun(1). ucf leaves the name of a temporary file among its answers.
 */
const APT = `if command -v apt-get >/dev/null; then
  export DEBIAN_FRONTEND=noninteractive UCF_FORCE_CONFFOLD=1 PERL_HASH_SEED=0 PERL_PERTURB_KEYS=0 PYTHONHASHSEED=0
  case " $*" in *" postgresql"*)
    mkdir -p /etc/postgresql-common
    [ -e /etc/postgresql-common/createcluster.conf ] ||
      echo 'create_main_cluster = false' >/etc/postgresql-common/createcluster.conf
  esac
  policy=/usr/sbin/policy-rc.d
  if [ -e "$policy" ]; then policy=; else printf '#!/bin/sh\\nexit 101\\n' >"$policy"; chmod 755 "$policy"; fi
  set -- -q -y --no-install-recommends -o Dpkg::Options::=--force-confold -o APT::Sandbox::User=root install -- "$@"
  apt-get -q -o APT::Sandbox::User=root -o Acquire::Retries=3 update
  apt-get -o Acquire::Retries=3 "$@"
  CLEAN
  [ -z "$policy" ] || rm -f "$policy"
  rm -rf /var/lib/apt/lists/* /var/cache/apt/*.bin /var/lib/dpkg/*-old /var/cache/debconf/*-old
  answers=/var/cache/debconf/config.dat
  [ ! -e $answers ] || sed -i '/^ NEW = /d' $answers
`;

/**
 * dnf and zypper: the log of the database of packages is empty when they end, and what else there is beside it is an index that
 * SQLite makes anew: sqlite.org/walformat.html. It is emptied, since who may not write to the directory could not make one.
 * When packages were installed is SOURCE_DATE_EPOCH to rpm from 4.18 on. pacman takes the time of day. zypper ends with 102 or 103
 * where a program that was running should be started again. pacman from 7 on would download as another user.
 */
const OTHERS = `elif command -v apk >/dev/null; then
  apk add --no-cache "$@"
elif command -v dnf >/dev/null; then
  dnf -y --setopt=install_weak_deps=False --setopt=tsflags=nodocs install "$@"
  dnf -y clean all
  rm -rf /var/cache/dnf /var/cache/libdnf5 /var/lib/dnf/history.sqlite* /var/lib/dnf/repos \\
    /usr/lib/sysimage/libdnf5/transaction_history.sqlite*
elif command -v zypper >/dev/null; then
  zypper --non-interactive install --no-recommends "$@" || { status=$?; case $status in 102|103) ;; *) exit $status ;; esac; }
  zypper --non-interactive clean --all
  rm -f /var/lib/zypp/AnonymousUniqueId
  marks=/var/lib/zypp/AutoInstalled
  [ ! -e $marks ] || sed -i '/^# AutoInstalled generated /d' $marks
elif command -v pacman >/dev/null; then
  case "$(pacman -S --help)" in *--disable-sandbox*) set -- --disable-sandbox "$@" ;; esac
  pacman -Syu --noconfirm --needed "$@"
  rm -rf /var/cache/pacman/pkg/* /var/lib/pacman/sync/*
  for about in /var/lib/pacman/local/*/desc; do
    when=$(sed -n '/^%INSTALLDATE%$/{n;p;}' "$about")
    [ "\${when:-0}" -le "$SOURCE_DATE_EPOCH" ] || sed -i "/^%INSTALLDATE%$/{n;s/.*/$SOURCE_DATE_EPOCH/;}" "$about"
  done
else
  echo 'this image has none of apt-get, apk, dnf, zypper and pacman: install what you need in a step of your own' >&2
  exit 1
fi
for index in /usr/lib/sysimage/rpm/rpmdb.sqlite-shm /var/lib/rpm/rpmdb.sqlite-shm; do
  [ ! -s "$index" ] || [ -s "\${index%-shm}-wal" ] || : >"$index"
done
`;

/** Caches and logs that have times, inode numbers or the order of a directory in them. */
const AFTER = `for file in /etc/ssh/ssh_host_*_key /etc/ssl/private/ssl-cert-snakeoil.key; do
  case "$made " in *" $file "*) ;; *) rm -f "$file" "$file.pub" ;; esac
done
[ -e /etc/ssl/private/ssl-cert-snakeoil.key ] || rm -f /etc/ssl/certs/ssl-cert-snakeoil.pem
case "$made " in *" /etc/machine-id "*) ;; *)
  [ ! -s /etc/machine-id ] || : >/etc/machine-id
  [ -L /var/lib/dbus/machine-id ] || rm -f /var/lib/dbus/machine-id
esac
rm -rf /var/cache/ldconfig/aux-cache /var/cache/fontconfig/* /var/cache/man/* /var/log/apt/* /var/log/dpkg.log \\
  /var/log/alternatives.log /var/log/bootstrap.log /var/log/fontconfig.log /var/log/apk.log /var/log/dnf* \\
  /var/log/hawkey.log /var/log/zypp /var/log/zypper.log /var/log/pacman.log
`;
