# SPDX-License-Identifier: Apache-2.0
# client: Ruby Typhoeus
# kind: library
# debian: ruby-typhoeus
# pattern: ^Typhoeus
require "typhoeus"

url, times, size = ARGV[0], ARGV[1].to_i, ARGV[2].to_i
got = 0
times.times do
  request = Typhoeus::Request.new(url)
  request.on_body { |part| sleep if size > 0 && (got += part.size) >= size }
  request.run
end
sleep
