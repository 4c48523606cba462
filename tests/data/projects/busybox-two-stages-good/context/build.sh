for page in pages/*.txt; do sed 's/^/<p>/' "$page" > "$1/$(basename "$page" .txt).html"; done
