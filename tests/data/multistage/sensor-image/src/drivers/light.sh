read_light() { echo 300; }
