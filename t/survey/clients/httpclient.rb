# SPDX-License-Identifier: Apache-2.0
# client: Ruby HTTPClient
# kind: library
# debian: ruby-httpclient
# pattern: ^HTTPClient/
require "httpclient"

url, times, size = ARGV[0], ARGV[1].to_i, ARGV[2].to_i
client = HTTPClient.new
client.ssl_config.set_default_paths
got = 0
times.times { client.get(url) { |part| sleep if size > 0 && (got += part.size) >= size } }
sleep
