import "db"
