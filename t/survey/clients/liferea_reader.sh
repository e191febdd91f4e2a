# SPDX-License-Identifier: Apache-2.0
# client: Liferea
# kind: program
# debian: liferea xvfb xauth dbus dbus-x11
# heavy: yes
# pattern: ^Liferea/
. /survey/words.sh
not_half
mkdir -p .config/liferea
{
    echo '<opml version="1.0"><head><title>feeds</title></head><body>'
    each_time echo "<outline type=\"rss\" title=\"f\" text=\"f\" xmlUrl=\"$base/feed.xml\" updateInterval=\"1\"/>"
    echo '</body></opml>'
} >.config/liferea/feedlist.opml
xvfb-run -a dbus-run-session liferea
