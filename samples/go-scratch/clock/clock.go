// Package clock knows when tea is served.
package clock

import "time"

const (
	opens  = 15 * time.Hour
	closes = 17 * time.Hour
)

// Until tells how long it takes to the next tea time; 0 means now.
func Until(now time.Time) time.Duration {
	midnight := time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, now.Location())
	since := now.Sub(midnight)
	switch {
	case since < opens:
		return opens - since
	case since < closes:
		return 0
	default:
		return 24*time.Hour - since + opens
	}
}
