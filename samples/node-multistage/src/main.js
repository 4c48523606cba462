// The page: pick a tea, watch the clock.
import { STEEP_SECONDS, clock, secondsLeft } from "./timer.js";

const choice = document.querySelector("#tea");
const face = document.querySelector("#clock");
let poured = null;

for (const tea of Object.keys(STEEP_SECONDS)) choice.add(new Option(tea, tea));

document.querySelector("#pour").addEventListener("click", () => {
  poured = Date.now();
});

setInterval(() => {
  const left = poured === null ? STEEP_SECONDS[choice.value] : secondsLeft(choice.value, poured, Date.now());
  face.textContent = left === 0 ? "Enjoy!" : clock(left);
}, 250);
