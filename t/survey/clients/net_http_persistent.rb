# SPDX-License-Identifier: Apache-2.0
# client: Ruby net-http-persistent
# kind: library
# debian: ruby-net-http-persistent
require "net/http/persistent"

url, times, size = URI(ARGV[0]), ARGV[1].to_i, ARGV[2].to_i
http = Net::HTTP::Persistent.new
times.times do
  http.request(url) do |reply|
    got = 0
    reply.read_body { |part| sleep if size > 0 && (got += part.size) >= size }
  end
end
sleep
