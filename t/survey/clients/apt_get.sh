# SPDX-License-Identifier: Apache-2.0
# client: apt-get update
# kind: program
# debian: apt
# note: ends after its work
. /survey/words.sh
only_once
mkdir -p state/lists/partial cache/archives/partial
echo "deb [trusted=yes] $base/apt ./" >sources.list
apt-get -q -o Dir::Etc::sourcelist="$PWD/sources.list" -o Dir::Etc::sourceparts=- -o Dir::State="$PWD/state" \
    -o Dir::Cache="$PWD/cache" -o APT::Sandbox::User= update
