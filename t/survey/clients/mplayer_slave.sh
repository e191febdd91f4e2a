# SPDX-License-Identifier: Apache-2.0
# client: MPlayer
# kind: program
# debian: mplayer
# pattern: ^MPlayer/
. /survey/words.sh
not_half
sleep 3600 | mplayer -slave -idle -quiet -ao null -vo null $(each_time echo "$base/short.wav")
