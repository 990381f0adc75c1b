// Signing out deletes what this device keeps for the account.

import { forgetAll } from "./device.js";

document.getElementById("sign-out")?.addEventListener("submit", () => forgetAll());
