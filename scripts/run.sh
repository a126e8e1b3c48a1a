#!/bin/bash
# The app on the practice newsroom. Its files stay under target/, apart from those of an installed Rushes.
set -euo pipefail
cd "$(dirname "$0")/.."
if [ "$(uname -s)" = Linux ] && [ -z "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ]; then
  echo "No display: the main job runs through the real window on a virtual one."
  cargo build --workspace --quiet
  exec cargo run --quiet -p rushes-prove -- story
fi
export RUSHES_HOME=${RUSHES_HOME:-$PWD/target/home}
exec cargo run -p rushes -- --practice
