# SPDX-License-Identifier: Apache-2.0
"""Where mod_finwait is installed: the rows of the table."""

import dataclasses
import os

from chroots import Debian, Layer

# What the product's own t/setup installs to build and show it, and a public server, which that never would.
BUILDS = r"""
printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
chmod +x /usr/sbin/policy-rc.d
apt-get -qq update
mkdir -p /root/t
mv /root/setup /root/t
/root/t/setup demo
apt-get -qq install -y --no-install-recommends apache2 ccache curl procps iproute2 util-linux
apt-get clean
"""
CLANG = "\napt-get -qq install -y --no-install-recommends clang\napt-get clean\n"

# Another layout of httpd: Debian's binaries, headers and apxs in other folders, as a stand-in for a build of its own, with a
# configuration as that has it. Nothing of Debian's is left to be found.
LAY_OUT = r"""
mkdir -p $bin $sbin $modules $include $build $etc $logs $run $root/htdocs
echo "text/html html" >$etc/mime.types
cp /usr/sbin/apache2 $sbin/httpd.real
printf '#!/bin/sh\nexec %s/httpd.real -d %s -f %s/httpd.conf "$@"\n' $sbin $root $etc >$sbin/httpd
chmod 755 $sbin/httpd
cp -a /usr/lib/apache2/modules/*.so $modules
cp -a /usr/include/apache2/. $include
cp -a /usr/share/apache2/build/. $build
sed -e "s|^prefix *=.*|prefix = $root|" -e "s|^exec_prefix *=.*|exec_prefix = $root|" -e "s|^progname *=.*|progname = httpd|" \
    -e "s|^bindir *=.*|bindir = $bin|" -e "s|^sbindir *=.*|sbindir = $sbin|" -e "s|^libexecdir *=.*|libexecdir = $modules|" \
    -e "s|^includedir *=.*|includedir = $include|" -e "s|^sysconfdir *=.*|sysconfdir = $etc|" \
    -e "s|^logfiledir *=.*|logfiledir = $logs|" -e "s|^installbuilddir *=.*|installbuilddir = $build|" \
    -e "/^exp_/d" -e "s|/usr/include/apache2|$include|" /usr/share/apache2/build/config_vars.mk >$build/config_vars.mk
sed "s|/usr/share/apache2/build|$build|" /usr/bin/apxs >/tmp/apxs
rm -rf /etc/apache2 /usr/lib/apache2 /usr/share/apache2 /usr/include/apache2 /usr/sbin/a2* /usr/sbin/apache* /usr/bin/apxs* \
    /var/log/apache2
install -m 755 /tmp/apxs $bin/apxs
cat >$sbin/apachectl <<END
#!/bin/sh
case \$1 in
configtest) set -- -t ;;
esac
exec $sbin/httpd "\$@"
END
chmod 755 $sbin/apachectl
for module in mpm_event authn_core authz_core authz_host setenvif mime dir status; do
    echo "LoadModule ${module}_module modules/mod_$module.so"
done >$loads
cat >>$etc/httpd.conf <<END
ServerRoot $root
ServerName localhost
Listen 80
$loaded
User $user
Group $user
PidFile $run/httpd.pid
DefaultRuntimeDir $run
ErrorLog logs/error_log
TypesConfig $etc/mime.types
DocumentRoot $root/htdocs
<Directory $root/htdocs>
    Require all granted
</Directory>
$others
END
echo "It works." >$root/htdocs/index.html
"""
# As the official container image has it.
OWN = r"""
root=/usr/local/apache2
bin=$root/bin sbin=$root/bin modules=$root/modules include=$root/include build=$root/build etc=$root/conf logs=$root/logs
run=$root/logs loads=$etc/httpd.conf user=www-data loaded= others=
""" + LAY_OUT
# The official image itself: bare, but for what the row and its compiler need.
IMAGE_BASE = r"""
printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
chmod +x /usr/sbin/policy-rc.d
apt-get -qq update
apt-get -qq install -y --no-install-recommends apache2-bin ccache curl procps
cd /tmp
apt-get -qq download apache2-dev
dpkg -x apache2-dev_*.deb /
""" + OWN + r"""
apt-get clean
"""
# RHEL 9's folders, and its way to load modules.
RHEL = r"""
root=/etc/httpd
bin=/usr/bin sbin=/usr/sbin modules=/usr/lib64/httpd/modules include=/usr/include/httpd build=/usr/lib64/httpd/build
etc=/etc/httpd/conf logs=/var/log/httpd run=/run/httpd loads=/etc/httpd/conf.modules.d/00-base.conf user=apache
loaded="Include conf.modules.d/*.conf" others="IncludeOptional conf.d/*.conf"
mkdir -p /etc/httpd/conf.d /etc/httpd/conf.modules.d
""" + LAY_OUT + r"""
chmod 700 /var/log/httpd
ln -s ../../var/log/httpd /etc/httpd/logs
ln -s ../../usr/lib64/httpd/modules /etc/httpd/modules
useradd -r -d /usr/share/httpd -s /usr/sbin/nologin apache
apt-get -qq update
apt-get -qq install -y --no-install-recommends rpm rpmlint checkpolicy semodule-utils
apt-get clean
"""

SYSTEMD = "apt-get -qq update\napt-get -qq install -y --no-install-recommends systemd systemd-sysv dbus\napt-get clean\n"

# What builds and judges Debian's packages, and what their tests need.
PACKAGES = r"""
apt-get -qq update
apt-get -qq install -y --no-install-recommends build-essential debhelper libgtest-dev libgmock-dev python3 zstd lintian logrotate \
    systemd-standalone-sysusers
apt-get clean
"""

BARE_BOOKWORM = Debian("bookworm")
BOOKWORM = Layer("bookworm-builds", BARE_BOOKWORM, BUILDS + CLANG)
BARE_TRIXIE = Debian("trixie")
TRIXIE = Layer("trixie-builds", BARE_TRIXIE, BUILDS)
I386 = Layer("i386-builds", Debian("bookworm", "i386"), BUILDS)
WITH_SYSTEMD = Layer("systemd", BOOKWORM, SYSTEMD)
IMAGE = Layer("image", BARE_TRIXIE, IMAGE_BASE)
DEBS = {"bookworm": Layer("bookworm-debs", BOOKWORM, PACKAGES), "trixie": Layer("trixie-debs", TRIXIE, PACKAGES)}
OWN_HTTPD = Layer("httpd", TRIXIE, OWN)
RHEL_HTTPD = Layer("rhel", TRIXIE, RHEL)


STEPS = "build", "install", "configtest", "start", "record", "report", "upgrade", "remove"


# A compiler that the machine has not is made to be quick: it is warnings and behaviour that are looked for.
# (rpmbuild sets a LANG of its own.)
QUICKLY = {"CFLAGS": "-O0", "CXXFLAGS": "-O0", "CCACHE_SLOPPINESS": "locale"}


@dataclasses.dataclass
class Environment:
    name: str
    layer: object
    layout: str
    settings: dict = dataclasses.field(default_factory=dict)
    is_image: bool = False

    @property
    def steps(self):
        return STEPS[2:6] if self.is_image else STEPS


# For ccache it is part of the question: with the machine's, what was compiled outside is found.
MACHINES = {"LANG": os.environ.get("LANG", "C")}
# What is left to root in a container that is given the least.
FEW_RIGHTS = "setpriv --no-new-privs --bounding-set=-all,+chown,+kill,+setgid,+setuid,+net_bind_service"

ENVIRONMENTS = [
    Environment("Debian 12", BOOKWORM, "debian", MACHINES),
    Environment("Debian 13", TRIXIE, "debian", QUICKLY),
    Environment("/usr/local/apache2", OWN_HTTPD, "httpd", QUICKLY),
    Environment("container image", IMAGE, "httpd", QUICKLY, is_image=True),
    Environment("RHEL's layout", RHEL_HTTPD, "rhel", QUICKLY),
    Environment("i386", I386, "debian", QUICKLY),
    Environment("clang", BOOKWORM, "debian", QUICKLY | {"CC": "clang", "CXX": "clang++"}),
    Environment("non-root", OWN_HTTPD, "httpd", QUICKLY | {"AS": "www-data"}),
    Environment("no_new_privs", BOOKWORM, "debian", MACHINES | {"START": FEW_RIGHTS}),
    Environment("read-only root", BOOKWORM, "debian", MACHINES | {"READ_ONLY": "1"}),
    Environment("systemd", WITH_SYSTEMD, "debian", MACHINES | {"UNIT": "1"}),
    Environment("systemd, hardened", WITH_SYSTEMD, "debian", MACHINES | {"UNIT": "hardened"}),
]
