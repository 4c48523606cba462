package clock

import (
	"testing"
	"time"
)

func TestUntil(t *testing.T) {
	for _, c := range []struct {
		hour, minute int
		want         time.Duration
	}{
		{9, 30, 5*time.Hour + 30*time.Minute},
		{15, 0, 0},
		{16, 59, 0},
		{17, 0, 22 * time.Hour},
	} {
		now := time.Date(2024, 5, 17, c.hour, c.minute, 0, 0, time.UTC)
		if got := Until(now); got != c.want {
			t.Errorf("Until(%02d:%02d) = %v, want %v", c.hour, c.minute, got, c.want)
		}
	}
}
