# SPDX-License-Identifier: Apache-2.0
# client: Ruby Net::HTTP
# kind: library
# debian: ruby
# pattern: ^Ruby$
require "net/http"

url, times, size = URI(ARGV[0]), ARGV[1].to_i, ARGV[2].to_i
Net::HTTP.start(url.host, url.port, use_ssl: url.scheme == "https") do |http|
  times.times do
    http.request_get(url.path) do |reply|
      got = 0
      reply.read_body { |part| sleep if size > 0 && (got += part.size) >= size }
    end
  end
  sleep
end
