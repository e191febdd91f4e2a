# SPDX-License-Identifier: Apache-2.0
# client: R curl
# kind: library
# debian: r-cran-curl
arguments <- commandArgs(TRUE)
url <- arguments[1]
size <- as.integer(arguments[3])
handle <- curl::new_handle()
got <- 0
for (i in seq_len(as.integer(arguments[2]))) {
    if (size > 0)
        curl::curl_fetch_stream(url, function(part) {
            got <<- got + length(part)
            if (got >= size) Sys.sleep(3600)
        }, handle)
    else
        curl::curl_fetch_memory(url, handle)
}
Sys.sleep(3600)
