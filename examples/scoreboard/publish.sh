#!/usr/bin/env bash
# Publishes a score with nothing but curl and openssl, to show what a signed call is:
#
#   HUBBUB_SERVER=pusher://KEY:SECRET@127.0.0.1:8080/apps/2 ./publish.sh '{"home":"Ada","away":"Grace","goals":[1,0]}'
set -euo pipefail

[[ ${HUBBUB_SERVER:?} =~ ^pusher://([^:]+):([^@]+)@([^/]+)/apps/([0-9]+)$ ]]
key=${BASH_REMATCH[1]} secret=${BASH_REMATCH[2]} host=${BASH_REMATCH[3]} id=${BASH_REMATCH[4]}

# An event's data is a text, so the JSON is quoted once more.
data=${1//\\/\\\\}
body="{\"name\":\"scored\",\"channel\":\"cache-score\",\"data\":\"${data//\"/\\\"}\"}"

path=/apps/$id/events
md5=$(printf %s "$body" | openssl md5 -r | cut -d' ' -f1)
query="auth_key=$key&auth_timestamp=$(date +%s)&auth_version=1.0&body_md5=$md5"
signature=$(printf 'POST\n%s\n%s' "$path" "$query" | openssl dgst -sha256 -hmac "$secret" -r | cut -d' ' -f1)

curl --fail-with-body --silent --show-error -H 'Content-Type: application/json' --data-raw "$body" \
    "http://$host$path?$query&auth_signature=$signature"
echo
