#!/bin/bash
# The servers that the bench measures Skywave beside. What is there already is left
# as it is. What cannot be installed is named, and the tables name it too; the rest
# goes on.

set -uo pipefail
cd "$(dirname "$0")"
root=$(cd ../.. && pwd)

missing=()
failed() {
    missing+=("$1")
    echo "NOT INSTALLED: $1" >&2
}

if ! command -v icecast2 >/dev/null 2>&1; then
    if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null 2>&1; then
        echo "installing icecast2 (Debian)"
        # Its package would start a service; the bench starts its own.
        policy=/usr/sbin/policy-rc.d
        ours=
        if [ ! -e "$policy" ]; then
            printf '#!/bin/sh\nexit 101\n' >"$policy" && chmod 755 "$policy" && ours=1
        fi
        apt-get update -qq &&
            DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends icecast2 >/dev/null ||
            failed "icecast2; as root: apt-get install icecast2"
        [ -z "$ours" ] || rm -f "$policy"
    else
        failed "icecast2; as root: apt-get install icecast2"
    fi
fi

if command -v npm >/dev/null 2>&1; then
    if ! cmp -s socketio/package-lock.json socketio/node_modules/.installed; then
        echo "installing socket.io (npm)"
        if npm --prefix socketio ci --no-audit --no-fund --loglevel=error; then
            cp socketio/package-lock.json socketio/node_modules/.installed
        else
            failed "socket.io; npm ci --prefix bench/rivals/socketio"
        fi
    fi
else
    failed "socket.io: node and npm are missing; see https://nodejs.org"
fi

if command -v cargo >/dev/null 2>&1; then
    echo "building moq-relay and its load (cargo); the first time takes minutes"
    # Beside the workspace's own, so that what runs while compiling is built once.
    cargo build --quiet --locked --release --manifest-path moq/Cargo.toml --target-dir "$root/target" ||
        failed "moq-relay; cargo build --locked --release --manifest-path bench/rivals/moq/Cargo.toml --target-dir target"
else
    failed "moq-relay: a Rust toolchain is missing; see https://rustup.rs"
fi

if [ "${#missing[@]}" -gt 0 ]; then
    echo "${#missing[@]} of the rivals will be named in the tables without figures" >&2
fi
