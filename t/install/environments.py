# SPDX-License-Identifier: Apache-2.0
"""Where mod_finwait is installed: the rows of the table."""

import dataclasses

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

# httpd from Debian's source package, with what the official container image gives ./configure.
HTTPD = r"""
sed 's/^deb /deb-src /' /etc/apt/sources.list >/etc/apt/sources.list.d/source.list
apt-get -qq update
apt-get -qq remove -y apache2
apt-get -qq install -y --no-install-recommends dpkg-dev gcc make libapr1-dev libaprutil1-dev libbrotli-dev \
    libcurl4-openssl-dev libjansson-dev libnghttp2-dev libpcre2-dev libssl-dev libxml2-dev zlib1g-dev
cd /root
apt-get -qq source apache2
cd apache2-2*
PATH=/usr/lib/ccache:$PATH
LAYOUT
make -s -j$(nproc)
make -s install
rm -rf /root/apache2*
apt-get clean
"""
OWN_LAYOUT = """./configure -q --prefix=/usr/local/apache2 --enable-mods-shared=reallyall --enable-mpms-shared=all --enable-pie"""
OWN = HTTPD.replace("LAYOUT", OWN_LAYOUT) + r"""
sed -i 's/^User .*/User www-data/; s/^Group .*/Group www-data/; s/^#ServerName .*/ServerName localhost/' \
    /usr/local/apache2/conf/httpd.conf
"""
# A stand-in for RHEL 9: its folders and its configuration's way to load modules, on Debian's libraries.
RHEL = HTTPD.replace("LAYOUT", r"""
./configure -q --prefix=/etc/httpd --exec-prefix=/usr --bindir=/usr/bin --sbindir=/usr/sbin --libdir=/usr/lib64 \
    --mandir=/usr/share/man --sysconfdir=/etc/httpd/conf --includedir=/usr/include/httpd \
    --libexecdir=/usr/lib64/httpd/modules --datadir=/usr/share/httpd --localstatedir=/var \
    --with-installbuilddir=/usr/lib64/httpd/build --enable-mods-shared=all --enable-mpms-shared=all --enable-pie
sed -i 's|^logfiledir = .*|logfiledir = /var/log/httpd|' build/config_vars.mk
""") + r"""
apt-get -qq install -y --no-install-recommends rpm checkpolicy semodule-utils selinux-policy-dev
useradd -r -d /usr/share/httpd -s /usr/sbin/nologin apache
mkdir -p /etc/httpd/conf.d /etc/httpd/conf.modules.d /run/httpd
install -d -m 700 /var/log/httpd
ln -sf ../../var/log/httpd /etc/httpd/logs
ln -sf ../../usr/lib64/httpd/modules /etc/httpd/modules
ln -sf /run/httpd /etc/httpd/run
cd /etc/httpd/conf
grep '^LoadModule' httpd.conf >../conf.modules.d/00-base.conf
sed -i -e '/^LoadModule/d' -e 's/^User .*/User apache/' -e 's/^Group .*/Group apache/' \
    -e 's/^#ServerName .*/ServerName localhost/' -e '1i Include conf.modules.d/*.conf' \
    -e '$a PidFile run/httpd.pid' -e '$a IncludeOptional conf.d/*.conf' httpd.conf
"""

BOOKWORM = Layer("bookworm-builds", Debian("bookworm"), BUILDS + CLANG)
TRIXIE = Layer("trixie-builds", Debian("trixie"), BUILDS)
I386 = Layer("i386-builds", Debian("bookworm", "i386"), BUILDS)
OWN_HTTPD = Layer("httpd", TRIXIE, OWN)
RHEL_HTTPD = Layer("rhel", TRIXIE, RHEL)


@dataclasses.dataclass
class Environment:
    name: str
    layer: object
    layout: str
    settings: dict = dataclasses.field(default_factory=dict)


# What is left to root in a container that is given the least.
FEW_RIGHTS = "setpriv --no-new-privs --bounding-set=-all,+chown,+kill,+setgid,+setuid,+net_bind_service"

ENVIRONMENTS = [
    Environment("Debian 12", BOOKWORM, "debian"),
    Environment("Debian 13", TRIXIE, "debian"),
    Environment("/usr/local/apache2", OWN_HTTPD, "httpd"),
    Environment("RHEL's layout", RHEL_HTTPD, "rhel"),
    Environment("i386", I386, "debian"),
    Environment("clang", BOOKWORM, "debian", {"CC": "clang", "CXX": "clang++"}),
    Environment("non-root", OWN_HTTPD, "httpd", {"AS": "www-data"}),
    Environment("no_new_privs", BOOKWORM, "debian", {"START": FEW_RIGHTS}),
    Environment("read-only root", BOOKWORM, "debian", {"READ_ONLY": "1"}),
]
