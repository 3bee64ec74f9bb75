-- Logins of bench0 … benchN in turn.
-- usage: wrk -t1 … -s login.lua URL -- N
local next, count = 0, 1

function init(args)
  count = tonumber(args[1])
  wrk.method = "POST"
  wrk.headers["Content-Type"] = "application/json"
end

function request()
  next = (next + 1) % count
  return wrk.format(nil, nil, nil, '{"username":"bench' .. next .. '","password":"a benchmark password"}')
end
