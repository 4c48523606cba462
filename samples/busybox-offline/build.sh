#!/bin/sh
# build.sh PAGES OUT: make one HTML page of each text file. "# title" is a heading, "* item" a list item, ";" a remark
# that does not reach the page.
set -eu

pages=$1 out=$2
mkdir -p "$out"
for text in "$pages"/*.txt; do
  name=$(basename "$text" .txt)
  {
    printf '<!doctype html>\n<meta charset="utf-8">\n<title>%s</title>\n' "$name"
    sed -e '/^;/d' -e '/^$/d' -e 's/&/\&amp;/g' -e 's/</\&lt;/g' "$text" |
      sed -e 's|^# \(.*\)|<h1>\1</h1>|' -e t -e 's|^\* \(.*\)|<li>\1</li>|' -e t -e 's|.*|<p>&</p>|'
  } >"$out/$name.html"
done
echo "$(ls "$out" | wc -l) pages in $out"
