echo "$DATA"
