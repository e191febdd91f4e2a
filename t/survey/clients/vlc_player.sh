# SPDX-License-Identifier: Apache-2.0
# client: VLC
# kind: program
# debian: vlc-bin vlc-plugin-base
# pattern: ^VLC/
. /survey/words.sh
if [ "$size" = 0 ]; then
    cvlc -q -A adummy $(each_time echo "$base/short.wav")
else
    cvlc -q -A adummy --start-paused "$base/long.wav"
fi
