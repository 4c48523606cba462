set -e
read -r n < "$1"; echo "$n" > "$1"
