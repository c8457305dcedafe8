# What the Makefile's targets need, sourced with `tools=build` or `tools=test`.
# Debian packages are installed when this runs as root; otherwise what is missing
# is named, and nothing else happens.

missing=()
need() {
    command -v "$1" >/dev/null 2>&1 || missing+=("$2")
}

need cc build-essential
need cmake cmake
if [ "$tools" = test ]; then
    need ffmpeg ffmpeg
    need lame lame
    need git git
    need chromium chromium
    need firefox-esr firefox-esr
    need pulseaudio pulseaudio
    need parec pulseaudio-utils
    [ -e /usr/share/fonts/truetype/dejavu/DejaVuSans.ttf ] || missing+=(fonts-dejavu-core)
    python3 -c 'import ensurepip, venv' >/dev/null 2>&1 || missing+=(python3-venv)
fi

if [ "${#missing[@]}" -gt 0 ]; then
    if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null 2>&1; then
        echo "installing Debian packages: ${missing[*]}"
        apt-get update -qq
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
    else
        echo "these Debian packages are missing: ${missing[*]}" >&2
        echo "install them as root: apt-get install ${missing[*]}" >&2
        exit 1
    fi
fi
node -e 'const [major, minor] = process.versions.node.split(".").map(Number);
    process.exit(major > 20 || (major === 20 && minor >= 19) ? 0 : 1)' 2>/dev/null || {
    echo "Node 20.19 or newer, with npm, is missing: see https://nodejs.org" >&2
    exit 1
}
command -v cargo >/dev/null 2>&1 || {
    echo "a Rust toolchain is missing: see https://rustup.rs" >&2
    exit 1
}
