-- What wrk sends: two events a payload, each with an id of its own, from visitors that come back or that are all new.
-- VISITORS names a file with "session profile" on each line; without it every request is a new visitor's.

local known, thread_number = {}, 0

function setup(thread)
  thread:set("number", thread_number)
  thread_number = thread_number + 1
end

function init(args)
  math.randomseed(os.time() * 100 + number)
  local path = os.getenv("VISITORS")
  if path then
    for line in io.lines(path) do
      local session, profile = line:match("(%S+) (%S+)")
      known[#known + 1] = string.format('"session":{"id":"%s"},"profile":{"id":"%s"}', session, profile)
    end
  end
  run = string.format("%x%x", os.time(), math.random(0, 0xffffff))
  count = 0
  wrk.method = "POST"
  wrk.headers["Content-Type"] = "text/plain;charset=UTF-8"
end

local body = '{"source":{"id":"bench"},%s,"context":{"browser":{"name":"Firefox","language":"en"},' ..
  '"screen":{"width":1280,"height":800},"time":{"tz":"Europe/Warsaw"}},"events":[' ..
  '{"type":"page-view","id":"%s-a","properties":{"category":"laptops","page":%d},' ..
  '"context":{"page":{"url":"https://shop.example/laptops/%d","title":"Laptops","path":"/laptops"}}},' ..
  '{"type":"product-viewed","id":"%s-b","properties":{"product":"Sun glasses","price":13.45},"tags":["shop"]}]}'

function request()
  count = count + 1
  local id = string.format("%s-%d-%08d", run, number, count)
  local who = known[math.random(1, math.max(#known, 1))] or string.format('"session":{"id":"s-%s"}', id)
  return wrk.format(nil, os.getenv("TARGET_PATH") or "/track", nil, string.format(body, who, id, count, count, id))
end

function done(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format(
    'RESULT {"requests":%d,"seconds":%.3f,"p50_ms":%.3f,"p99_ms":%.3f,"not_200":%d,"broken":%d}\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
    errors.status, errors.connect + errors.read + errors.write + errors.timeout))
end
