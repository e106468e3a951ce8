# Shared by the scripts beside it: installs what a job needs on Debian or Raspberry Pi OS, says what and why,
# and does nothing the second time. Source it from the checkout's top folder; POSIX tools and bash only.

set -euo pipefail

VENV=.venv

say() { printf '== %s\n' "$*" >&2; }

die() { printf 'error: %s\n' "$*" >&2; exit 1; }

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"
  elif command -v sudo >/dev/null; then sudo "$@"
  else die "this needs root and there is no sudo; as root run: $*"
  fi
}

installed() {  # installed NAME - is the Debian package, or the same after the 64-bit time change, here?
  local name
  for name in "$1" "$1t64"; do
    [ "$(dpkg-query -W -f '${db:Status-Abbrev}' "$name" 2>/dev/null | cut -c1-2)" = ii ] && return 0
  done
  return 1
}

need_packages() {  # need_packages "PACKAGE reason" ... - installs the missing ones with apt
  local line missing=()
  for line in "$@"; do
    installed "${line%% *}" && continue
    [ ${#missing[@]} = 0 ] && say "installing Debian packages:"
    printf '   %-18s %s\n' "${line%% *}" "${line#* }" >&2
    missing+=("${line%% *}")
  done
  [ ${#missing[@]} = 0 ] && return
  command -v apt-get >/dev/null || die "no apt-get here; install by hand: ${missing[*]}"
  as_root apt-get update -qq
  as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

like_package() {  # like_package NAME REASON - installs it where apt has it, goes on without it elsewhere
  installed "$1" || (need_packages "$1 $2") || say "no $1 here: going on without it"
}

need_venv() {  # need_venv EXTRAS - the virtual environment with gated, as pinned in constraints.txt
  local stamp=$VENV/.installed wanted
  wanted="$(cat pyproject.toml constraints.txt | sha256sum | cut -d' ' -f1) $1"
  if [ -f "$stamp" ] && grep -qxF "$wanted" "$stamp"; then return; fi
  python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || die "Python 3.11 or later is needed"
  [ -x $VENV/bin/python ] || { say "making the virtual environment $VENV"; python3 -m venv $VENV; }
  say "installing gated[$1] and its pinned dependencies into $VENV"
  $VENV/bin/python -m pip install -q --disable-pip-version-check --prefer-binary \
    -c constraints.txt -e ".[$1]"
  printf '%s\n' "$wanted" >>"$stamp"
}

# What every run of gated needs, and why.
RUN_PACKAGES=(
  "python3 runs gated"
  "python3-venv keeps gated's libraries apart from the system's"
  "ca-certificates lets pip check who it talks to"
  "libzbar0 second QR decoder (pyzbar)"
  "libgl1 needed by OpenCV's wheel"
  "libglib2.0-0 needed by OpenCV's wheel"
  "mosquitto the MQTT broker between gate and hub"
)

# What the tests need besides.
TEST_PACKAGES=(
  "chromium shows the guard's screen to the browser tests"
  "fonts-noto-cjk Chinese characters on that screen"
  "cog shows the same page in WPE WebKit, as small boards do"
  "wpewebkit-driver lets a test look into that page"
  "libatomic1 needed by the Node that Playwright brings"
  "umockdev brings the tests a /dev/i2c-1 that programs take for the kernel's"
  "gir1.2-umockdev-1.0 lets Python answer for that bus"
  "python3-gi the same"
  "git tells which files belong to the project"
)
