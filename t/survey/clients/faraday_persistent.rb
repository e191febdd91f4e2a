# SPDX-License-Identifier: Apache-2.0
# client: Ruby Faraday
# kind: library
# debian: ruby-faraday ruby-net-http-persistent
# pattern: ^Faraday v
require "faraday"

url, times, size = ARGV[0], ARGV[1].to_i, ARGV[2].to_i
if size > 0
  puts "it reads every reply whole"
  exit 77
end
connection = Faraday.new { |options| options.adapter :net_http_persistent }
times.times { connection.get(url) }
sleep
