module example.org/teatime

go 1.19
