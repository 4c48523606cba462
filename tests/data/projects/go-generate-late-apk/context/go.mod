module example.org/w

go 1.22
