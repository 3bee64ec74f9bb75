-- Refreshes: each connection's request takes the token that waited longest, and the answer's token goes to the end.
-- usage: wrk -t1 … -s refresh.lua URL -- FILE          FILE: one refresh token a line
local tokens, first, last = {}, 1, 0
failed = 0
local threads = {}

function setup(thread) table.insert(threads, thread) end

function init(args)
  for line in io.lines(args[1]) do
    last = last + 1
    tokens[last] = line
  end
  wrk.method = "POST"
  wrk.headers["Content-Type"] = "application/json"
end

local asked = false

function request()
  local token = tokens[first]
  -- wrk asks once before it begins, and throws that request away.
  if asked and token then
    tokens[first] = nil
    first = first + 1
  end
  asked = true
  return wrk.format(nil, nil, nil, '{"refresh":"' .. (token or "none") .. '"}')
end

function response(status, headers, body)
  local token = status == 200 and body:match('"refresh":"([^"]+)"')
  if token then
    last = last + 1
    tokens[last] = token
  else
    failed = failed + 1
  end
end

function done()
  local sum = 0
  for _, thread in ipairs(threads) do sum = sum + (tonumber(thread:get("failed")) or 0) end
  io.write("failed " .. sum .. "\n")
end
