#!/bin/sh
# render.sh TEMPLATE PAGES OUT: one HTML file for every text.
set -e
mkdir -p "$3"
find "$2" -name '*.txt' | sort | while read -r page; do
  title=$(basename "$page" .txt)
  sed -e "s/@TITLE@/$title/g" -e "s/@BODY@/$(cat "$page")/" "$1" > "$3/$title.html"
done
