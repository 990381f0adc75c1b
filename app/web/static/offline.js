// The page that is shown without a network: the form that was opened last on this device, with what
// was typed into it.

import * as device from "./device.js";

const main = document.getElementById("main");
const address = location.pathname;
const account = device.lastAccount();
const html = account && (await device.read("forms", account, address).catch(() => null));
if (html) {
  main.innerHTML = html;
  document.getElementById("offline-note").hidden = false;
  await import("./report-form.js");
}
