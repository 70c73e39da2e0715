# What the scripts share: messages, the toolchain, Debian packages. Sourced, not run.

set -euo pipefail

syrinx_root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
cd "$syrinx_root"

# Libraries and headers that the build needs.
syrinx_build_packages=(
    pkg-config libsndfile1-dev libsamplerate0-dev libjack-jackd2-dev libasound2-dev libssl-dev
    libwebrtc-audio-processing-dev liblilv-dev lv2-dev
)
# Tests check against programs that are not ours.
syrinx_test_packages=(
    openssl curl ca-certificates python3 python3-jsonschema sox ffmpeg jackd2 libasound2-plugins pipewire pipewire-jack
    espeak-ng python3-venv lv2-examples mda-lv2 lilv-utils libebur128-dev gcc g++ make libc6-dev
)
# For the long form: plugins of others, and a clock that goes faster.
syrinx_long_packages=(calf-plugins x42-plugins lsp-plugins-lv2 zam-plugins python3-numpy faketime)
# The demo takes its speech from alsa-utils and espeak-ng, draws with graphviz, and plays to jackd.
syrinx_demo_packages=(alsa-utils espeak-ng graphviz jackd2 python3)

say() { printf '%s\n' "$*" >&2; }

fail() {
    say "$(basename "$0"): $*"
    exit 1
}

# heading WORDS: what begins now, and when.
heading() { printf '\n[%s] %s\n' "$(date +%H:%M:%S)" "$*" >&2; }

# need_packages NAME…: installs the Debian packages that are not there yet, as root or with sudo.
need_packages() {
    local missing=() name
    command -v dpkg-query >/dev/null ||
        fail "this is no Debian system; install what these packages hold and take this check out of scripts/lib.sh: $*"
    for name in "$@"; do
        [[ "$(dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null)" == installed ]] || missing+=("$name")
    done
    [[ ${#missing[@]} -eq 0 ]] && return
    local as_root=()
    if [[ "$(id -u)" -ne 0 ]]; then
        command -v sudo >/dev/null ||
            fail "needs the Debian packages ${missing[*]} and is neither root nor has sudo; have them installed with: apt-get install ${missing[*]}"
        as_root=(sudo)
    fi
    heading "Installing Debian packages: ${missing[*]}"
    local install=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends)
    # The lists of a fresh system are empty or old: then they are fetched, and it is tried again.
    if ! "${install[@]}" "${missing[@]}" >&2; then
        say "Fetching the package lists first."
        "${as_root[@]}" apt-get update -q >&2 || fail "apt-get update failed; the lines above say why"
        "${install[@]}" "${missing[@]}" >&2 || fail "apt-get could not install ${missing[*]}; the lines above say why"
    fi
}

# need_swift: checks that there is a Swift toolchain of at least 6.3.
need_swift() {
    command -v swift >/dev/null ||
        fail "no swift in PATH; install a Swift 6.3 toolchain for this system from swift.org (with swiftly: swiftly install 6.3)"
    local version
    version="$(swift --version 2>/dev/null | sed -n 's/.*Swift version \([0-9]*\.[0-9]*\).*/\1/p' | head -n 1)"
    [[ -n "$version" ]] || fail "swift --version says nothing that can be read; is the toolchain complete?"
    local major="${version%%.*}" minor="${version#*.}"
    if ((major < 6 || (major == 6 && minor < 3))); then
        fail "found Swift $version, needs 6.3 or newer; install it from swift.org and put it first in PATH"
    fi
}

# build_command: builds the release command at .build/release/syrinx, as it is meant to be installed.
build_command() {
    # Static: the Swift library comes along, nothing of Swift needs to be installed where the command runs, and the
    # dynamic linker has less to do at each start. -s leaves out the symbols.
    swift build -c release --static-swift-stdlib --product syrinx -Xlinker -s
}
