# SPDX-License-Identifier: Apache-2.0
# client: davfs2
# kind: program
# debian: davfs2
# user: root
# pattern: ^davfs2/
. /survey/words.sh
not_half
[ -e /dev/fuse ] || { echo "it mounts a file system: it needs FUSE"; exit 77; }
# Of an earlier run, which was ended in the midst of it.
rm -rf /run/mount.davfs/*"${HOME##*/}"* /var/cache/davfs2/*"${HOME##*/}"*
mkdir mnt
cat >conf <<DONE
ask_auth 0
use_locks 0
trust_ca_cert /etc/ssl/certs/finwait-survey.pem
DONE
mount.davfs -o "conf=$HOME/conf" "$base/dav/" mnt </dev/null
next_page() { cat mnt/page$i.html; }
each_time next_page
sleep 3600
