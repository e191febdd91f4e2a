# SPDX-License-Identifier: Apache-2.0
# client: FFmpeg
# kind: program
# debian: ffmpeg
# note: ends after its work
. /survey/words.sh
only_once
ffmpeg -v error -i "$base/short.wav" -f null -
