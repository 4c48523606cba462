import assert from "node:assert/strict";
import test from "node:test";

import { clock, secondsLeft } from "../src/timer.js";

test("a full cup has all its time left", () => assert.equal(secondsLeft("sencha", 0, 0), 90));
test("time that is up stays up", () => assert.equal(secondsLeft("sencha", 0, 1e6), 0));
test("an unknown tea is refused", () => assert.throws(() => secondsLeft("coffee", 0, 0), RangeError));
test("seconds have two digits", () => assert.equal(clock(185), "3:05"));
