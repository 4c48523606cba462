module example.org/api

go 1.23

require (
	example.org/log v0.0.0
	github.com/go-chi/chi/v5 v5.1.0
)

replace example.org/log => ../../libs/log
