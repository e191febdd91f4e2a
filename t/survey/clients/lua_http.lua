-- SPDX-License-Identifier: Apache-2.0
-- client: Lua http
-- kind: library
-- debian: lua-http lua-lpeg-patterns
-- pattern: ^lua-http/
local cqueues = require "cqueues"
local request = require "http.request"

local url, times, size = arg[1], tonumber(arg[2]), tonumber(arg[3])
local stream
for _ = 1, times do
    local headers
    headers, stream = request.new_from_uri(url):go()
    assert(headers, stream)
    if size > 0 then stream:get_body_chars(size) else stream:get_body_as_string() end
end
cqueues.sleep(3600)
