#!/bin/sh
# check.sh FOLDER: every page has a heading.
set -e
for page in "$1"/*.html; do grep -q '<h1>' "$page"; echo "ok $(basename "$page")"; done
