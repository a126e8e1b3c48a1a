#!/bin/bash
# fresh.sh run|test ROOM REPOSITORY: makes a Debian with Rust and Node and nothing else of ours under ROOM, clones
# REPOSITORY's HEAD into it, and runs `make run` or `make test` there as the README says. Needs root. What it says last
# is how long that took: FRESH seconds N. The room is taken away again.
set -euo pipefail
what=$1 room=$(realpath -m "$2") repository=$(realpath "$3")
root=$room/$what

leave() {
  set +e
  mount | awk -v root="$root" 'index($3, root) == 1 { print $3 }' | sort -r | xargs -r -n1 umount -l
  rm -rf --one-file-system "$root"
}
trap leave EXIT
leave
mkdir -p "$room"

# The base is made once and copied: a Debian of this machine's release, from this machine's own sources.
base=$room/base
if [ ! -e "$base/.made" ]; then
  rm -rf --one-file-system "$base"
  release=$(. /etc/os-release && echo "$VERSION_CODENAME")
  mirror=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' 2>/dev/null | grep -v security | head -n1)
  debootstrap --variant=minbase --include=ca-certificates "$release" "$base" "$mirror" >"$room/debootstrap.log" 2>&1 ||
    { tail -5 "$room/debootstrap.log" >&2; exit 1; }
  # Where and whom this machine's network trusts is not the project's to know: taken over as it is.
  rm -f "$base/etc/apt/sources.list"
  cp -a /etc/apt/. "$base/etc/apt/"
  cp -aL /etc/ssl/certs/ca-certificates.crt "$base/etc/ssl/certs/"
  cp -L /etc/resolv.conf /etc/hosts "$base/etc/"
  for file in /etc/pip.conf /usr/etc/npmrc /etc/npmrc /root/.npmrc; do
    [ ! -e "$file" ] || install -D "$file" "$base$file"
  done
  # Rust as rustup would leave it and Node as its installer would, by copies: neither comes from Debian.
  toolchain=$(rustc --print sysroot)
  mkdir -p "$base/opt"
  cp -a "$toolchain" "$base/opt/rust"
  install -D "$(command -v node)" "$base/usr/local/bin/node"
  mkdir -p "$base/usr/local/lib/node_modules"
  cp -a "$(dirname "$(dirname "$(dirname "$(realpath "$(command -v npm)")")")")/npm" "$base/usr/local/lib/node_modules/npm"
  ln -sf ../lib/node_modules/npm/bin/npm-cli.js "$base/usr/local/bin/npm"
  ln -sf ../lib/node_modules/npm/bin/npx-cli.js "$base/usr/local/bin/npx"
  touch "$base/.made"
fi
cp -a "$base" "$root"
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mount --make-rslave "$root/dev"
mount -t tmpfs tmpfs "$root/run"
mkdir -p "$root/repository"
mount --bind "$repository" "$root/repository"
mount -o remount,bind,ro "$root/repository"

environment=(HOME=/root TERM=dumb LANG=C.UTF-8 PATH=/opt/rust/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin)
while IFS= read -r name; do
  environment+=("$name=${!name}")
done < <(compgen -e | grep -E '^(PIP_|SSL_CERT_FILE$|SSL_CERT_DIR$|NODE_EXTRA_CA_CERTS$|REQUESTS_CA_BUNDLE$|CURL_CA_BUNDLE$|GIT_SSL_CAINFO$)')

inside() { env -i "${environment[@]}" chroot "$root" /bin/bash -euc "$1"; }
# The README's first line.
inside 'apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends make git >/dev/null'
inside 'git config --global --add safe.directory "*" && git clone -q /repository /root/rushes'
begun=$SECONDS
status=0
inside "cd /root/rushes && make $what" || status=$?
if [ "$what" = run ] && [ $status = 0 ]; then
  cp "$root/root/rushes/target/run/window.png" "$room/window.png"
fi
echo "FRESH seconds $((SECONDS - begun))"
exit $status
