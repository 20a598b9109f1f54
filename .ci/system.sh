#!/usr/bin/env bash
# Debian packages for browser journeys and server-side pictures. Installs as root, else says what is missing.
set -euo pipefail
wanted=(postgresql mosquitto chromium fonts-noto-cjk libegl1 libgl1 libgl1-mesa-dri)
missing=()
for package in "${wanted[@]}"; do
  dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
done
[ ${#missing[@]} -eq 0 ] && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq
  apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
else
  echo "missing Debian packages: ${missing[*]} (as root: apt-get install ${missing[*]})" >&2
  exit 2
fi
