module example.org/tick

go 1.22

require (
	example.org/clock v0.0.0
	golang.org/x/sync v0.7.0
)

replace example.org/clock => ./libs/clock
