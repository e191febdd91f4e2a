# SPDX-License-Identifier: Apache-2.0
# client: rclone serve
# kind: program
# debian: rclone curl
. /survey/words.sh
rclone serve http --addr "127.0.0.1:$PORT" --http-url "$base/" --no-check-certificate :http: &
through
