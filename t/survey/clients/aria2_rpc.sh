# SPDX-License-Identifier: Apache-2.0
# client: aria2 --enable-rpc
# kind: program
# debian: aria2
# pattern: ^aria2/
. /survey/words.sh
not_half
aria2c -q --async-dns=false --enable-rpc --rpc-listen-port="$PORT" -j1 -Z --allow-overwrite=true \
    $(each_time echo "$url")
