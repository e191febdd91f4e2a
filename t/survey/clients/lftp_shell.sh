# SPDX-License-Identifier: Apache-2.0
# client: lftp
# kind: program
# debian: lftp
# pattern: ^lftp/
. /survey/words.sh
not_half
{ echo "open $base/"; each_time echo "cat page.html"; sleep 3600; } | lftp
