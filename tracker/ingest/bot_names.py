"""Names of programs in User-Agent headers that the list of crawler-user-agents does not have.

All are matched without regard to case; ``tests/ingest/test_agents.py`` has headers for them, and browsers that none of
them may match. Names of programs that send nothing but their own name are looked for at
the start of the header alone, because a browser puts "Mozilla/5.0" there and may have any word further on.

Not here, because apps send these for the people who use them: CFNetwork, Alamofire, Dalvik, Dart. Nor browsers without
scripts: Lynx, w3m, Links.
"""

AT_THE_START = (
    # HTTP libraries: those that say so, in whatever language, and what has nothing but the first word of a browser.
    r"(?!mozilla)[^(/]{0,64}http[-_ ]?(?:java[-_ ]?)?(?:client|lib)",
    r"mozilla(?:/[\d.]*)?\s*(?:\(compatible;?\)\s*)?$",
    # Java and its kin.
    r"java\b|apache-http|spray-can",
    r"(?:reactor-?netty|netty|ahc|async-?http-?client|jersey|resteasy|feign|retrofit|unirest|akka-http|pekko-http)\b",
    r"(?:vert\.?x|http4s|sttp|play-?ws|scalaj-http|clj-http|ktor|micronaut|quarkus|rest-?assured)\b",
    # PHP.
    r"(?:php|symfony|laminas|zend)(?:\b|_)",
    # JavaScript on a server.
    r"(?:node(?:js|\.js)?|undici|deno|bun|npm|yarn|pnpm)(?:/|\s|$)",
    r"(?:needle|(?:node-)?superagent|request|bent|ky|phin|wreck|nodemailer-fetch|cross-fetch)(?:/|$)",
    # Python.
    r"(?:python|urllib|httpx|aiohttp|mechanize|treq|twisted|tornado|niquests|pycurl|feedparser|robotframework|locust)",
    # Ruby, Perl, Lua, R, Julia, Haskell, Crystal, Nim, Erlang and Elixir, Swift on a server.
    r"(?:ruby|rest-client|faraday|http\.rb|typhoeus|httparty|excon)\b",
    r"(?:lwp|libwww|perl|mojolicious|http-tiny|www-mechanize)\b",
    r"(?:lua|luasocket|httr2?|r-curl|julia|http\.jl|haskell|http-client|crystal|nim-httpclient)\b|r \(\d",
    r"(?:hackney|httpoison|mint|finch|tesla|req|elixir|erlang|gun)/|(?:hackney|elixir|erlang)\b",
    r"(?:async-http-client|vapor|swift-server)\b",
    # Go and Rust.
    r"go-|(?:fasthttp|resty|colly|imroc)\b",
    r"(?:reqwest|hyper|ureq|isahc|surf|attohttpc|minreq)(?:/|$)",
    # .NET, Windows, Delphi.
    r"(?:restsharp|flurl|refit|\.net|dotnet)\b|microsoft\.data\.mashup|microsoft[- ](?:webdav|bits|cryptoapi|office)",
    r"(?:embarcadero|indy|synapse|delphi)\b",
    # C and the command line.
    r"libcurl|libredtail|(?:libsoup|serf|lavf|aria2|axel|httpie|xh|wget)/",
    # Tools that people try an API with.
    r"(?:postman|insomnia|bruno|hoppscotch|paw/|rapidapi|thunder client|soapui|apidog|rest client|intellij http)",
    # Load.
    r"(?:k6|vegeta|wrk2?|hey|ab|siege|h2load|oha|bombardier|autocannon|drill|fortio|tsung)(?:/|\s|$)",
    # Monitoring, balancers and caches.
    r"(?:icinga|prometheus|blackbox[- ]exporter|kube-probe|elb-|googlehc/|grafana|sentry|consul|traefik)",
    r"(?:elastic-heartbeat|varnish|haproxy|nginx|envoy|cloudflare|amazon-route53)",
    # Readers of feeds, and previews of links.
    r"(?:reeder|vienna|liferea|rssowl|rssguard|newsboat|newsbeuter|freshrss|tiny tiny rss|selfoss|commafeed)\b",
    r"snap(?:chat)?$|opengraph",
    # Services that call addresses for their users.
    r"(?:ifttt|zapier|n8n|integromat|make/|pipedream|azure-logic-apps|google-apps-script|airtable|retool|zoho)",
)

ANYWHERE = (
    # What says that it is one.
    *("+http://", "+https://", "headless", "synthetic", "healthcheck", "health check", "health-check", "uptime"),
    *("monitoring", "sitemonitor", "webmonitor", "link preview", "linkpreview", "link-preview", "urlpreview"),
    *("url preview", "url-preview", "linkcheck", "link check", "link-check", "linkexpand"),
    # Programs that drive a browser or pretend to be one.
    *("prerender", "pre-render", "cypress/", "jsdom/", "happydom/", "happy-dom", "linkedom", "htmlunit", "selenium"),
    *("webdriver", "puppeteer", "playwright", "testcafe", "nightmarejs", "nightmare/", "slimerjs", "casperjs"),
    *("zombie.js", "zombie/", "splash version", "wkhtmlto", "lighthouse", "webpagetest", "speedcurve", "debugbear"),
    *("catchpoint", "pagespeed", "rendertron"),
    # HTTP libraries that name themselves after a browser's name or beside another library's.
    *("guzzle", "node-fetch", "curl/", "winhttp", "powershell/", "ms-office"),
    # Load and attack.
    *("apachebench", "jmeter", "gatling", "artillery", "nuclei", "owasp", "zaproxy", "arachni", "w3af", "openvas"),
    *("skipfish", "wpscan", "gobuster", "dirbuster", "feroxbuster", "whatweb", "fuzz faster", "projectdiscovery"),
    *("censys", "zgrab"),
    # Monitoring.
    *("datadog", "nagios", "zabbix", "new relic", "newrelic", "dynatrace", "ruxit", "appdynamics", "hetrixtools"),
    *("freshping", "nodeping", "updown.io", "betterstack", "better stack", "pingdom", "statuscake", "site24x7"),
    *("gtmetrix", "checkly"),
    # Previews of links in messages.
    *("embedly", "iframely", "cardyb", "kakaotalk-scrap", "notionembedder", "facebookexternal"),
    # Readers of feeds.
    *("feedbin", "feedburner", "feedfetcher", "feed fetcher", "feedparser", "feed parser", "feedwrangler"),
    *("feedpress", "feedvalidator", "feeddemon", "inoreader", "netnewswire", "miniflux"),
    # What collects texts for language models, and what browses for them.
    *("oai-search", "chatgpt", "openai", "anthropic", "claude", "perplexity", "mistralai", "cohere", "diffbot"),
    *("bytespider", "google-extended", "google-notebooklm", "google-agent", "googleagent", "google-read-aloud"),
    *("googleother", "gemini-deep", "meta-external", "novaact", "manus-user", "devin/", "duckassist"),
    *("kagi-fetcher", "firecrawl", "tavily", "img2dataset"),
)
"""Looked for in the header in small letters: a hundred plain texts are found faster than one pattern."""

CALLS_ITSELF_ONE = r"(?:(?<!cu)bot|crawler|spider|scraper)(?:[/;,+]|$)"
"""What its name says. A phone is called Cubot."""

APPS = r"\b(?:whatsapp|viber|feedly|newsblur|flipboard|pinterest|snapchat|telegram-android|line|slack|discord)\b"
"""Apps that fetch previews or feeds under a name which the browser inside them, that people use, has in its header."""
