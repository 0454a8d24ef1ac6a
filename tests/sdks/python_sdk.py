"""Reads calls of the Python server SDK from standard input, one a line, and writes what they answer."""

import json
import os
import sys

import pusher

app = json.loads(os.environ["PUSHER_APP"])
client = pusher.Pusher(
    app_id=app["id"],
    key=app["key"],
    secret=app["secret"],
    host="127.0.0.1",
    port=app["port"],
    ssl=False,
    encryption_master_key_base64=app["master_key"],
)

for line in sys.stdin:
    method, arguments = json.loads(line)
    try:
        answer = {"result": getattr(client, method)(*arguments)}
    except Exception as error:
        answer = {"error": f"{type(error).__name__}: {error}"}
    # The shared secret of an encrypted channel comes as bytes.
    print(json.dumps(answer, default=bytes.decode), flush=True)
