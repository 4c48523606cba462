// Command teatime answers "is it tea time?" over HTTP.
package main

import (
	"encoding/json"
	"flag"
	"log"
	"net/http"
	"time"

	"example.org/teatime/clock"
)

// version is set by the linker.
var version = "dev"

type answer struct {
	TeaTime bool   `json:"teaTime"`
	Wait    string `json:"wait"`
	Version string `json:"version"`
}

func handle(now func() time.Time) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		wait := clock.Until(now())
		w.Header().Set("Content-Type", "application/json")
		if err := json.NewEncoder(w).Encode(answer{wait == 0, wait.String(), version}); err != nil {
			log.Print(err)
		}
	}
}

func main() {
	address := flag.String("listen", ":8080", "address to listen on")
	flag.Parse()
	http.HandleFunc("/", handle(time.Now))
	log.Printf("teatime %s on %s", version, *address)
	log.Fatal(http.ListenAndServe(*address, nil))
}
