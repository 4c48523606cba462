read_heat() { echo 21; }
