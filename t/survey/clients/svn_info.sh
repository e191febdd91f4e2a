# SPDX-License-Identifier: Apache-2.0
# client: Subversion
# kind: program
# debian: subversion
# note: it asks a server that has no repository
# pattern: ^SVN/
. /survey/words.sh
only_once
svn info --non-interactive --trust-server-cert-failures=unknown-ca "$base/dav/"
