# SPDX-License-Identifier: Apache-2.0
# client: vdirsyncer sync
# kind: program
# debian: vdirsyncer
# note: ends after its work
. /survey/words.sh
only_once
mkdir events
cat >config <<DONE
[general]
status_path = "status/"
[pair calendar]
a = "here"
b = "there"
collections = null
[storage here]
type = "filesystem"
path = "events/"
fileext = ".ics"
[storage there]
type = "caldav"
url = "$base/calendar/"
DONE
yes | vdirsyncer -c config discover
vdirsyncer -c config sync
