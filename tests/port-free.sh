#!/usr/bin/env bash
# Says so if something listens already where the program is about to: HUBBUB_LISTEN, of the environment or of .env.
set -euo pipefail
cd "$(dirname "$0")/.."

address=${HUBBUB_LISTEN-}
if [ -z "$address" ] && [ -f .env ]; then
  address=$(sed -n 's/^ *HUBBUB_LISTEN *= *"\{0,1\}\([^" ]*\).*/\1/p' .env | tail -n 1)
fi
address=${address:-127.0.0.1:8080}
host=${address%:*}
case $host in 0.0.0.0) host=127.0.0.1 ;; '[::]') host=::1 ;; esac
host=${host#[}
if [ "${address##*:}" != 0 ] && (exec 3<>"/dev/tcp/${host%]}/${address##*:}") 2>/dev/null; then
  echo "Something listens on $address already. Stop it, or name another address: HUBBUB_LISTEN=127.0.0.1:8081 make run" >&2
  exit 1
fi
