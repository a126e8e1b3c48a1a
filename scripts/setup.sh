#!/bin/bash
# setup.sh run|test|prove|bench|package: sees that this machine has what that command needs. On Debian and Ubuntu it installs
# system packages; anything else it names, exactly, and stops.
set -euo pipefail
need=${1:?run, test, prove, bench or package}

missing() { printf '\nRushes needs %s\n' "$*" >&2; exit 1; }
# version_at_least HAVE WANT
version_at_least() { [ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n1)" = "$2" ]; }

command -v cargo >/dev/null || missing "Rust 1.94.1 or newer, with cargo: install it with rustup (the Rust project's installer)."
rust=$(rustc --version | awk '{print $2}')
version_at_least "$rust" 1.94.1 || missing "Rust 1.94.1 or newer; this is $rust. Run: rustup update stable"
command -v node >/dev/null || missing "Node.js 20.19 or newer, with npm: install it from nodejs.org or a Node version manager."
node=$(node --version | tr -d v)
version_at_least "$node" 20.19.0 || missing "Node.js 20.19 or newer; this is $node."
command -v npm >/dev/null || missing "npm, which comes with Node.js 20.19 or newer."

build=(build-essential pkg-config libwebkit2gtk-4.1-dev libayatana-appindicator3-dev libayatana-appindicator3-1)
desktop=(xvfb xauth openbox xdotool dbus gnome-keyring webkit2gtk-driver imagemagick dunst fonts-dejavu-core
  python3-venv python3-gi gir1.2-gtk-3.0 gstreamer1.0-plugins-base gstreamer1.0-plugins-good gstreamer1.0-libav ffmpeg)
case $need in
  run) packages=("${build[@]}"); [ -n "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ] || packages+=("${desktop[@]}") ;;
  test) packages=("${build[@]}" "${desktop[@]}") ;;
  prove) packages=("${build[@]}" "${desktop[@]}" debootstrap iproute2 nginx-light openssh-server openssl python3 rsync sshfs) ;;
  # No window: neither its libraries nor a desktop.
  bench) packages=(build-essential pkg-config iproute2 python3-venv) ;;
  package) packages=("${build[@]}" rpm) ;;
  *) missing "to be told: run, test, prove, bench or package" ;;
esac

if [ "$(uname -s)" != Linux ]; then
  [ "$need" = run ] || [ "$need" = package ] || missing "Linux for make $need; on this system use make run and make package."
  exit 0
fi
[ "${RUSHES_SETUP:-}" = done ] && exit 0
if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
  missing "these packages, under whatever names this system gives them (they are Debian's): ${packages[*]}
Install them, then set RUSHES_SETUP=done to go on."
fi


absent=()
for package in "${packages[@]}"; do
  [ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || absent+=("$package")
done
[ ${#absent[@]} -eq 0 ] && exit 0

as_root=()
if [ "$(id -u)" -ne 0 ]; then
  sudo -n true 2>/dev/null || missing "these packages. Run, then try again:
  sudo apt-get update && sudo apt-get install --no-install-recommends ${absent[*]}"
  as_root=(sudo -n)
fi
echo "Installing: ${absent[*]}"
wait_for_lock=(-o DPkg::Lock::Timeout=600)
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get "${wait_for_lock[@]}" update -qq
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get "${wait_for_lock[@]}" install -y -qq --no-install-recommends "${absent[@]}" >/dev/null
