-- A GET with each bearer token of a file in turn.
-- usage: wrk -t1 … -s tokens.lua URL -- FILE          FILE: one access token a line
local requests, next = {}, 0

function init(args)
  for line in io.lines(args[1]) do
    requests[#requests + 1] = wrk.format("GET", nil, { ["Authorization"] = "Bearer " .. line })
  end
end

function request()
  next = next % #requests + 1
  return requests[next]
end
