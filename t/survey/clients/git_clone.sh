# SPDX-License-Identifier: Apache-2.0
# client: git clone
# kind: program
# debian: git
# note: ends after its work
. /survey/words.sh
only_once
git clone -q "$base/repo.git"
