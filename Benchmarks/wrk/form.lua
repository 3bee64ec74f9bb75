-- Posts one form with a client's credentials: wrk … -s form.lua URL -- AUTHORIZATION BODY
function init(args)
  wrk.method = "POST"
  wrk.headers["Content-Type"] = "application/x-www-form-urlencoded"
  wrk.headers["Authorization"] = args[1]
  wrk.body = args[2]
end
