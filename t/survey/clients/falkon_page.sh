# SPDX-License-Identifier: Apache-2.0
# client: Falkon
# kind: browser
# debian: falkon xvfb xauth
# heavy: yes
. /survey/words.sh
[ "$size" = 0 ] || url="$base/half.html"
[ "$times" = 1 ] || url="$base/ten.html"
export QTWEBENGINE_DISABLE_SANDBOX=1 QTWEBENGINE_CHROMIUM_FLAGS="--ignore-certificate-errors --disable-gpu"
xvfb-run -a falkon --no-remote --private-browsing "$url"
