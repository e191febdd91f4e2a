# SPDX-License-Identifier: Apache-2.0
# client: mpv
# kind: program
# debian: mpv
# note: at a paused reply it goes on reading until its cache is full
. /survey/words.sh
if [ "$size" = 0 ]; then
    mpv --no-terminal --idle --ao=null --vo=null $(each_time echo "$base/short.wav")
else
    mpv --no-terminal --idle --ao=null --vo=null --pause "$base/long.wav"
fi
