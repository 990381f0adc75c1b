// The report form: saves by itself, keeps what was typed on the device while there is no network,
// groups digits while typing. Without this script, every step is a form that posts.

import * as device from "./device.js";
import { groupWhileTyping, inMillions } from "./figures.js";

const SAVE_AFTER_MS = 1500;
const RETRY_AFTER_MS = 15000;
const VOLATILE = ["form_token", "version", "do"];

const form = document.getElementById("report-form");
const state = document.getElementById("save-state");
const account = form.dataset.account;
const address = new URL(form.action).pathname;

let timer = null;
let isSaving = false;
let typedSinceSave = false;
let isStopped = false; // the server has another version, or the session is over

function tell(text, kind) {
  state.textContent = text;
  state.className = `small ${kind || ""}`;
}

function typedFields() {
  return [...new FormData(form)].filter(([name]) => !VOLATILE.includes(name));
}

async function keepOnDevice() {
  const draft = { version: form.elements.version.value, fields: typedFields() };
  await device.write("drafts", account, address, draft);
}

function count() {
  const figures = [...form.querySelectorAll('input[name^="value:"]')];
  const filled = document.getElementById("filled");
  if (filled) filled.textContent = figures.filter((each) => each.value.trim()).length;
}

function describe(input) {
  const millions = form.querySelector(`.millions[data-for="${CSS.escape(input.name)}"]`);
  if (millions) millions.textContent = inMillions(input.value);
}

function complete(input) {
  if (input.classList.contains("num") && input.dataset.decimals === "0") groupWhileTyping(input);
  describe(input);
}

function onTyped(event) {
  complete(event.target);
  count();
  typedSinceSave = true;
  keepOnDevice().catch(() => {});
  schedule(SAVE_AFTER_MS);
}

function schedule(delay) {
  clearTimeout(timer);
  timer = setTimeout(save, delay);
}

async function save() {
  if (isStopped || isSaving || !typedSinceSave) return;
  isSaving = true;
  typedSinceSave = false;
  tell("Đang lưu…");
  const fields = new URLSearchParams(new FormData(form));
  fields.set("do", "autosave");
  let answer;
  try {
    answer = await fetch(form.action, { method: "POST", body: fields, credentials: "same-origin" });
  } catch {
    typedSinceSave = true;
    tell("Mất mạng. Phần vừa nhập được giữ trên máy này và sẽ tự lưu khi có mạng.", "warn-text");
    schedule(RETRY_AFTER_MS);
    return;
  } finally {
    isSaving = false;
  }
  await conclude(answer, fields);
}

// The fields that were sent are what the server has: also in the form that the device keeps.
async function keepAsSaved(fields, version) {
  form.elements.version.value = version;
  for (const [name, value] of fields) {
    const input = form.elements[name];
    if (input && !VOLATILE.includes(name)) input.defaultValue = value;
  }
  if (typedSinceSave) return;
  await device.remove("drafts", account, address);
  if (!document.body.dataset.offline) await keepForm();
}

async function conclude(answer, fields) {
  if (answer.ok && answer.headers.get("Content-Type").startsWith("application/json")) {
    const saved = await answer.json();
    await keepAsSaved(fields, saved.version).catch(() => {});
    show(saved.notes);
    tell(`Đã tự lưu lúc ${saved.saved_at}. Báo cáo chưa được gửi.`);
    if (typedSinceSave) schedule(SAVE_AFTER_MS);
    return;
  }
  typedSinceSave = true;
  if (answer.status === 409) {
    isStopped = true;
    tell("Có người khác vừa lưu báo cáo này. Bấm Lưu để xem hai bản cạnh nhau.", "bad-text");
  } else if (answer.status === 401 || answer.status === 403) {
    isStopped = true;
    tell("Phiên làm việc đã hết. Bấm Lưu để đăng nhập lại; số đã nhập vẫn còn.", "bad-text");
  } else {
    tell("Máy chủ chưa lưu được. Phần vừa nhập được giữ trên máy này.", "warn-text");
    schedule(RETRY_AFTER_MS);
  }
}

// What the server found in the figures that were typed.
function show(notes) {
  form.querySelectorAll(".notes .live").forEach((note) => note.remove());
  for (const input of form.querySelectorAll("input.num")) {
    const text = notes[input.name];
    const place = document.getElementById(`${input.name}-notes`);
    if (!place || !text || place.textContent.includes(text)) continue;
    const note = document.createElement("p");
    note.className = "error live";
    note.textContent = text;
    place.append(note);
  }
}

function take(event) {
  const button = event.target.closest("[data-take]");
  if (!button) return;
  event.preventDefault();
  const input = form.elements[button.dataset.for];
  input.value = button.dataset.take;
  input.dispatchEvent(new Event("input", { bubbles: true }));
  input.focus();
}

const isTyped = (input) => input.name && !VOLATILE.includes(input.name) && input.value !== input.defaultValue;

// What was typed before and did not reach the server comes back into the fields.
async function restore() {
  const draft = await device.read("drafts", account, address);
  if (!draft) return;
  for (const [name, value] of draft.fields) {
    const input = form.elements[name];
    if (!input || isTyped(input)) continue;
    input.value = value;
    if (value) input.closest("details")?.setAttribute("open", "");
  }
  if (![...form.elements].some(isTyped)) {
    await device.remove("drafts", account, address);
    return;
  }
  // The server compares with the version that the draft was typed into.
  form.elements.version.value = draft.version;
  tell("Đã khôi phục phần nhập chưa lưu trên máy này.", "warn-text");
}

async function keepForm() {
  device.rememberAccount(account);
  const main = document.getElementById("main");
  await device.write("forms", account, address, main.innerHTML);
}

async function start() {
  form.addEventListener("input", onTyped);
  form.addEventListener("click", take);
  form.addEventListener("submit", () => {
    clearTimeout(timer);
    isStopped = true;
  });
  window.addEventListener("online", () => schedule(0));
  document.getElementById("findings")?.focus();
  if (!window.isSecureContext || !("indexedDB" in window)) {
    tell("Kết nối http: trang này không giữ được phần nhập khi mất mạng. Nhớ bấm Lưu.", "warn-text");
  } else if (!document.body.dataset.offline) {
    await keepForm().catch(() => {});
    navigator.serviceWorker?.register(form.dataset.worker).catch(() => {});
  }
  await restore().catch(() => {});
  // Also what was typed before this script ran.
  const typed = [...form.elements].filter(isTyped);
  if (typed.length) {
    typed.forEach(complete);
    typedSinceSave = true;
    count();
    schedule(SAVE_AFTER_MS);
  }
}

start();
