-- What wrk sends where the script is fetched: nothing but a path, and the ETag where one is named.

function init(args)
  wrk.path = os.getenv("TARGET_PATH")
  local etag = os.getenv("ETAG")
  if etag then wrk.headers["If-None-Match"] = etag end
end

-- Whether an answer was what it should be; wrk itself counts 304 as well as 200 as good.
function done(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format(
    'RESULT {"requests":%d,"seconds":%.3f,"p50_ms":%.3f,"p99_ms":%.3f,"not_200":%d,"broken":%d}\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
    errors.status, errors.connect + errors.read + errors.write + errors.timeout))
end
