#!/bin/bash
# Makes the key by which the cluster's members know each other, once. The image's mongod runs as mongodb (999).
set -euo pipefail
key=/run/meridian/mongo.key
if [ ! -s "$key" ]; then
  (umask 077 && head -c 96 /dev/urandom | base64 --wrap=0 > "$key.new")
  chown 999:999 "$key.new"
  chmod 400 "$key.new"
  mv "$key.new" "$key"
fi
