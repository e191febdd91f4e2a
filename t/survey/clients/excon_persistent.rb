# SPDX-License-Identifier: Apache-2.0
# client: Ruby Excon persistent
# kind: library
# debian: ruby-excon
# pattern: ^excon/
require "excon"

url, times, size = ARGV[0], ARGV[1].to_i, ARGV[2].to_i
connection = Excon.new(url, persistent: true)
got = 0
stop = ->(part, _left, _all) { sleep if (got += part.size) >= size }
times.times { connection.get(size > 0 ? { response_block: stop } : {}) }
sleep
