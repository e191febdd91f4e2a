# SPDX-License-Identifier: Apache-2.0
# client: Thunderbird calendar (CalDAV)
# kind: program
# debian: thunderbird
# heavy: yes
. /survey/words.sh
not_half
mkdir profile
{
    n=0
    while [ $n -lt "$times" ]; do
        echo "user_pref(\"calendar.registry.survey$n.type\", \"caldav\");"
        echo "user_pref(\"calendar.registry.survey$n.name\", \"survey$n\");"
        echo "user_pref(\"calendar.registry.survey$n.uri\", \"$base/calendar/$n/\");"
        n=$((n + 1))
    done
    echo 'user_pref("mail.provider.suppress_dialog_on_startup", true);'
    echo 'user_pref("datareporting.policy.dataSubmissionEnabled", false);'
    echo 'user_pref("network.manage-offline-status", false);'
} >profile/user.js
thunderbird --headless --no-remote --profile profile
