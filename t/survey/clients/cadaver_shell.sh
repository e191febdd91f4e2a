# SPDX-License-Identifier: Apache-2.0
# client: cadaver
# kind: program
# debian: cadaver
# pattern: ^cadaver/
. /survey/words.sh
not_half
{ each_time echo ls; sleep 3600; } | cadaver "$base/dav/"
