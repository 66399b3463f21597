// Says that a step went as it should, or ends the program.

import { deepStrictEqual } from "node:assert";

export function check(what, got, wanted) {
  deepStrictEqual(got, wanted, `not ok: ${what}: ${JSON.stringify(got)} instead of ${JSON.stringify(wanted)}`);
  console.log(`ok: ${what}`);
}
