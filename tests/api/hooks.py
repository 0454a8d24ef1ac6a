"""What schemathesis cannot read in the contract: how to sign in, how to sign a call, and what some texts must be."""

import base64
import hashlib
import hmac
import json
import os
import time
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import requests
import schemathesis
from hypothesis import strategies as st

URL = os.environ["HUBBUB_URL"]
APP = json.loads(os.environ["HUBBUB_APP"])


def sign_in() -> str:
    """As the demo's administrator, who may do everything."""
    person = {"username": "ada", "password": "hubbub-demo"}
    answer = requests.post(f"{URL}/api/v1/session", json=person, timeout=60)
    answer.raise_for_status()
    return answer.json()["access_token"]


class Session:
    def get(self, case, context):
        return sign_in()

    def set(self, case, data, context):
        case.headers["Authorization"] = f"Bearer {data}"


# Signing out ends the session, so that each of these calls has one of its own.
ENDS_SESSIONS = "^/api/v1/sessions?$"
schemathesis.auth(refresh_interval=None).apply_to(path_regex=ENDS_SESSIONS, method="DELETE")(Session)
schemathesis.auth().skip_for(path_regex=ENDS_SESSIONS, method="DELETE").skip_for(path_regex="^/apps/")(Session)


class PusherSignature(requests.auth.AuthBase):
    """Signs a call of the Pusher HTTP API as the server SDKs do."""

    def __call__(self, request):
        url = urlsplit(request.url)
        body = request.body or b""
        body = body.encode() if isinstance(body, str) else body
        query = parse_qsl(url.query, keep_blank_values=True)
        query += [("auth_key", APP["key"]), ("auth_timestamp", str(int(time.time()))), ("auth_version", "1.0")]
        if body:
            query.append(("body_md5", hashlib.md5(body).hexdigest()))
        values = {}
        for name, value in query:
            values.setdefault(name.lower(), []).append(value)
        parameters = "&".join(f"{name}={','.join(values[name])}" for name in sorted(values))
        text = "\n".join([request.method, url.path, parameters])
        signature = hmac.new(APP["secret"].encode(), text.encode(), hashlib.sha256).hexdigest()
        query.append(("auth_signature", signature))
        request.url = urlunsplit(url._replace(query=urlencode(query)))
        return request


schemathesis.auth.set_from_requests(PusherSignature()).apply_to(path_regex="^/apps/")


def base64_of(*contents: bytes):
    return st.sampled_from([base64.b64encode(content).decode() for content in contents])


# An update without a change, and one that inserts "a" into the text "text".
EMPTY_UPDATE = bytes([0, 0])
INSERTION = bytes([1, 1, 1, 0, 4, 1, 4]) + b"text" + bytes([1]) + b"a" + bytes([0])
schemathesis.openapi.format("yjs-update", base64_of(EMPTY_UPDATE, INSERTION))
schemathesis.openapi.format("yjs-update-binary", st.sampled_from([EMPTY_UPDATE, INSERTION]))
# Of somebody who has nothing, and of somebody who has the first change of the client 1.
schemathesis.openapi.format("yjs-state-vector", base64_of(bytes([0]), bytes([1, 1, 1])))
WORD = st.from_regex(r"\A[a-z0-9]{1,20}\Z")
schemathesis.openapi.format("search-query", st.lists(WORD, min_size=1, max_size=5).map(" ".join))


@schemathesis.hook
def filter_case(context, case):
    """Leaves out what is refused for a reason that no schema can tell: two parameters that exclude each other, or a state."""
    query, body = case.query or {}, case.body
    match (case.method, case.path):
        case ("GET", "/api/v1/rooms/{id}/messages"):
            return len({"before", "after", "around", "around_number"} & set(query)) < 2
        case ("POST", "/api/v1/rooms/{id}/messages"):
            has_client_id = isinstance(body, dict) and body.get("client_id") is not None
            return not (has_client_id and "Idempotency-Key" in (case.headers or {}))
        case ("PATCH", "/api/v1/rooms/{id}/messages/{message}"):
            # No message of this run has files, beside which the text may be empty.
            return not isinstance(body, dict) or str(body.get("body", "")).strip() != ""
        case ("GET" | "HEAD", "/apps/{app_id}/channels" | "/apps/{app_id}/channels/{channel}"):
            # These are asked of presence channels and of cache channels only.
            info = str(query.get("info", ""))
            return "user_count" not in info and "cache" not in info
    return True
