#!/usr/bin/env bash
# Runs a command with a throw-away Postgres server, for the tests that need one:
#
#   tests/postgres.sh cargo test --lib store::
#
# The command finds the server's address in HUBBUB_TEST_POSTGRES_URL, and must use it (HUBBUB_TEST_REQUIRE_POSTGRES=1). The
# server takes TLS too: its certificate, which it signed itself for 127.0.0.1, is HUBBUB_TEST_POSTGRES_CERTIFICATE.
# Server and data are gone when it ends. A server that HUBBUB_TEST_POSTGRES_URL names already is used instead. Without a command it prints the address and waits for Ctrl-C.
set -euo pipefail

if [ -n "${HUBBUB_TEST_POSTGRES_URL-}" ] && [ $# -gt 0 ]; then
    export HUBBUB_TEST_REQUIRE_POSTGRES=1
    exec "$@"
fi

# The newest version installed; Debian keeps the server's programs out of PATH.
find_programs() {
    local place
    for place in $(printf '%s\n' /usr/lib/postgresql/*/bin | sort -rV) "$(dirname "$(command -v initdb || echo /)")"; do
        if [ -x "$place/initdb" ] && [ -x "$place/postgres" ]; then
            echo "$place"
            return
        fi
    done
    return 1
}

"$(dirname "$0")/require.sh" postgres openssl >&2
programs=$(find_programs)

# Postgres refuses to run as root, and the package brings a user for it.
as_server=()
if [ "$(id -u)" = 0 ]; then
    as_server=(setpriv --reuid=postgres --regid=postgres --clear-groups --)
fi

directory=$(mktemp -d "${TMPDIR:-/tmp}/hubbub-postgres.XXXXXX")
server=
stop() {
    if [ -n "$server" ]; then
        kill -INT "$server" 2>/dev/null || true
        wait "$server" 2>/dev/null || true
    fi
    rm -rf "$directory"
}
trap stop EXIT
trap 'exit 130' INT TERM
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj "/CN=Hubbub's test" \
    -addext "subjectAltName = IP:127.0.0.1" -keyout "$directory/key.pem" -out "$directory/certificate.pem" \
    2>"$directory/openssl.log" || { cat "$directory/openssl.log" >&2; exit 1; }
chmod 600 "$directory/key.pem"
[ "$(id -u)" != 0 ] || chown postgres "$directory" "$directory/key.pem"

cd "$directory"
"${as_server[@]}" "$programs/initdb" --pgdata="$directory/data" --username=hubbub --auth=trust --encoding=UTF8 --locale=C \
    >"$directory/initdb.log" || { cat "$directory/initdb.log" >&2; exit 1; }

# A port that is free at this moment may be taken at the next: try another then.
for _ in $(seq 20); do
    port=$((20000 + RANDOM % 30000))
    # The data is thrown away, so nothing need reach the disk.
    "${as_server[@]}" "$programs/postgres" -D "$directory/data" -p "$port" -c listen_addresses=127.0.0.1 \
        -c ssl=on -c ssl_cert_file="$directory/certificate.pem" -c ssl_key_file="$directory/key.pem" \
        -c unix_socket_directories= -c fsync=off -c full_page_writes=off -c max_connections=300 \
        >"$directory/server.log" 2>&1 &
    server=$!
    for _ in $(seq 600); do
        kill -0 "$server" 2>/dev/null || break
        if "$programs/pg_isready" -q -h 127.0.0.1 -p "$port"; then
            break 2
        fi
        sleep 0.1
    done
    kill -INT "$server" 2>/dev/null || true
    wait "$server" 2>/dev/null || true
    server=
done
if [ -z "$server" ]; then
    cat "$directory/server.log" >&2
    exit 1
fi

export HUBBUB_TEST_POSTGRES_URL="postgres://hubbub@127.0.0.1:$port/postgres"
export HUBBUB_TEST_POSTGRES_CERTIFICATE="$directory/certificate.pem"
export HUBBUB_TEST_REQUIRE_POSTGRES=1
cd "$OLDPWD"
if [ $# -gt 0 ]; then
    "$@"
else
    echo "$HUBBUB_TEST_POSTGRES_URL"
    wait "$server"
fi
