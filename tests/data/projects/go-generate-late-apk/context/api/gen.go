package api

//go:generate protoc --go_out=. api.proto
