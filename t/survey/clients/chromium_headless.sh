# SPDX-License-Identifier: Apache-2.0
# client: Chromium headless
# kind: browser
# debian: chromium
# heavy: yes
. /survey/words.sh
[ "$size" = 0 ] || url="$base/half.html"
[ "$times" = 1 ] || url="$base/ten.html"
chromium --headless=new --no-sandbox --disable-gpu --disable-dev-shm-usage --ignore-certificate-errors \
    --no-first-run --remote-debugging-port=0 --user-data-dir="$PWD/profile" "$url"
