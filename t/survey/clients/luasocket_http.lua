-- SPDX-License-Identifier: Apache-2.0
-- client: LuaSocket http
-- kind: library
-- debian: lua-socket lua-sec
-- note: it asks for no keep-alive
local url, times, size = arg[1], tonumber(arg[2]), tonumber(arg[3])
local http = require(url:match("^https") and "ssl.https" or "socket.http")
local socket = require "socket"

local got = 0
local function sink(part)
    got = got + #(part or "")
    if size > 0 and got >= size then socket.sleep(3600) end
    return 1
end
for _ = 1, times do http.request {url = url, sink = sink} end
socket.sleep(3600)
