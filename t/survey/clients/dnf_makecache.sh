# SPDX-License-Identifier: Apache-2.0
# client: dnf makecache
# kind: program
# debian: dnf
# note: ends after its work
. /survey/words.sh
only_once
dnf -q --setopt=reposdir=/dev/null --setopt=cachedir="$PWD/cache" --setopt=logdir="$PWD" --releasever=1 \
    --repofrompath="survey,$base/rpm" --repo=survey makecache
