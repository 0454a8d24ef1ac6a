"""Another application that uses Hubbub as its Pusher, with the official server SDK. Run it with

    pip install pusher
    HUBBUB_URL=http://KEY:SECRET@127.0.0.1:8080/apps/2 python python.py cache-score scored '{"home": 1}'

It publishes an event and prints what the server knows of the channel.
"""

import json
import os
import sys
from urllib.parse import urlsplit

import pusher

channel, event, data = sys.argv[1:]

url = urlsplit(os.environ["HUBBUB_URL"])
hubbub = pusher.Pusher(
    app_id=url.path.rsplit("/", 1)[1],
    key=url.username,
    secret=url.password,
    host=url.hostname,
    port=url.port,
    ssl=url.scheme == "https",
)
hubbub.trigger(channel, event, json.loads(data))
print(json.dumps(hubbub.channel_info(channel, ["cache"] if channel.startswith("cache-") else [])))
