# SPDX-License-Identifier: Apache-2.0
# client: npm install
# kind: program
# debian: npm
# heavy: yes
# note: ends after its work
. /survey/words.sh
only_once
npm install --no-audit --no-fund --no-update-notifier --silent "$base/npm/surveyed-1.0.0.tgz"
