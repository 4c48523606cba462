// How long does which tea steep, and how much of that is left?

export const STEEP_SECONDS = { assam: 240, sencha: 90, oolong: 180, rooibos: 420 };

/** Seconds left at `now` (ms) for a tea that was poured at `poured` (ms); never below 0. */
export function secondsLeft(tea, poured, now) {
  const total = STEEP_SECONDS[tea];
  if (total === undefined) throw new RangeError(`unknown tea: ${tea}`);
  return Math.max(0, Math.ceil(total - (now - poured) / 1000));
}

/** "3:05" for 185 seconds. */
export function clock(seconds) {
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}
