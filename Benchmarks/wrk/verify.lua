-- POST /auth/verify of one token.
-- usage: wrk -t1 … -s verify.lua URL -- TOKEN
function init(args)
  wrk.method = "POST"
  wrk.headers["Content-Type"] = "application/json"
  wrk.body = '{"token":"' .. args[1] .. '"}'
end
