"""Whether the JSON examples of docs/api.md are what docs/openapi.json says.

Usage: examples.py. An example is a block of `jsonc`, or a span of code that begins with `{"` and has a value. Names such as
`UserRef` in a block stand for the example of that name; an ellipsis in a text stands for the rest of it.
"""

import json
import re
import sys
from pathlib import Path

from jsonschema_rs import Draft202012Validator

ROOT = Path(__file__).parents[2]
CONTRACT = json.loads((ROOT / "docs/openapi.json").read_text())
SCHEMAS = CONTRACT["components"]["schemas"]

# The objects whose examples have names, and what else the examples show, by its first field.
NAMED = {
    "User": "User",
    "UserRef": "UserRef",
    "Room": "Room",
    "Message": "Message",
    "File": "File",
    "Document": "Document",
    "Version": "DocumentVersion",
    "Event": "Event",
    "Webhook": "Webhook",
    "Delivery": "Delivery",
    "AuditEntry": "AuditEntry",
}
BY_FIELDS = {
    "access_token expires_in token_type user": "Session",
    "demo first_run limits name public_url sign_up socket version": "Instance",
    "answered_us dispatched_us heard_us message_id received_at seq sockets stored_us written_us": "Timeline",
    "documents items next": "SearchPage",
    "code detail errors request_id status title type": "Problem",
    "head items more": "CatchUp",
    "head items more resync": "CatchUp",
    "head room_id": "Resync",
    "update": "UpdateRequest",
    "body file_ids": "PostMessageRequest",
    "channel_names socket_id": "AuthorizeChannelsRequest",
    "channels refused": "ChannelAuthorizations",
    "document_id revision state_vector update updated_by": "DocumentSaved",
    "room_id": "RoomNotice",
    # These are texts within the protocol of Pusher, which the contract does not describe.
    "credential issued_at user_id user_info": None,
    "typing": None,
}


def blocks(text: str):
    """The blocks of jsonc, and where they begin."""
    for match in re.finditer(r"^( *)```jsonc?\n(.*?)^ *```", text, re.MULTILINE | re.DOTALL):
        yield text.count("\n", 0, match.start()) + 1, match.group(2)


def spans(text: str):
    """The spans of code that are JSON, and where they stand."""
    prose = re.sub(r"^ *```.*?^ *```", lambda block: re.sub("[^\n]", " ", block.group()), text, flags=re.MULTILINE | re.DOTALL)
    for match in re.finditer(r"`(\{\"[^`]*\})`", prose):
        if '":' in match.group(1):
            yield text.count("\n", 0, match.start()) + 1, match.group(1).replace("\n", " ")


def without_comments(text: str) -> str:
    return re.sub(r'("(?:[^"\\]|\\.)*")|//[^\n]*', lambda match: match.group(1) or "", text)


def examples(text: str):
    """Each example as (line, name or None, text)."""
    for line, block in blocks(text):
        code = without_comments(block)
        starts = list(re.finditer(r"^ *([A-Z][A-Za-z]+) +(?=\{)", code, re.MULTILINE))
        if not starts:
            yield line, None, code
        for start, end in zip(starts, [*starts[1:], None]):
            yield line, start.group(1), code[start.end() : end.start() if end else len(code)]
    for line, code in spans(text):
        yield line, None, code


def main() -> int:
    text = (ROOT / "docs/api.md").read_text()
    all_examples = list(examples(text))
    objects = {name: code for _, name, code in all_examples if name}

    def parse(code: str):
        """The example as a value, with the examples that it names in their places."""
        value = re.sub(
            r'("(?:[^"\\]|\\.)*")|\b([A-Z][A-Za-z]+)\b',
            lambda match: match.group(1) or json.dumps(parse(objects[match.group(2)])),
            code,
        )
        return json.loads(value)

    faults, unknown = [], []
    for line, name, code in all_examples:
        where = f"docs/api.md, line {line}: {code.strip()[:70]}"
        try:
            value = parse(code)
        except (KeyError, json.JSONDecodeError) as error:
            faults.append(f"{where}: {error!r}")
            continue
        fields = " ".join(sorted(value))
        if name not in NAMED and fields not in BY_FIELDS:
            unknown.append(where)
            continue
        schema = NAMED.get(name, BY_FIELDS.get(fields))
        if schema is None:
            continue
        reference = {"$ref": f"#/components/schemas/{schema}", "components": {"schemas": SCHEMAS}}
        faults += [f"{where}: {error}" for error in Draft202012Validator(reference).iter_errors(value)]
    faults += [f"{where}: no schema; name it in BY_FIELDS" for where in unknown]
    print("\n".join(faults) or f"{len(all_examples)} examples of docs/api.md are as docs/openapi.json says")
    return 1 if faults or len(all_examples) < 15 else 0


sys.exit(main())
