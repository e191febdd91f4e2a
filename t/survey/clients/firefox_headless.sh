# SPDX-License-Identifier: Apache-2.0
# client: Firefox headless
# kind: browser
# debian: firefox-esr
# heavy: yes
. /survey/words.sh
[ "$size" = 0 ] || url="$base/half.html"
[ "$times" = 1 ] || url="$base/ten.html"
mkdir profile
cat >profile/user.js <<END
user_pref("datareporting.policy.dataSubmissionEnabled", false);
user_pref("browser.shell.checkDefaultBrowser", false);
END
firefox-esr --headless --no-remote --profile profile "$url"
