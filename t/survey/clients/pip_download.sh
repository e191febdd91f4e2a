# SPDX-License-Identifier: Apache-2.0
# client: pip download
# kind: program
# debian: python3-pip
# note: ends after its work
. /survey/words.sh
only_once
pip download -q --no-deps --disable-pip-version-check --trusted-host "$host" --index-url "$base/pip/" surveyed
