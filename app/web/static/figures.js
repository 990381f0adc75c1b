// Figures while they are typed. The server reads them again: app/text/typed_figures.py is the rule.

const GROUPED_FROM = 5; // numbers of four digits have no separator: they may be years
const WHOLE = /^-?(\d+|[1-9]\d{0,2}([.,\s]\d{3})+)$/;

// The digits of a whole number in groups; other text as it is.
export function grouped(text) {
  const trimmed = text.trim();
  if (!/^-?\d[\d.\s]*$/.test(trimmed)) return text;
  const sign = trimmed.startsWith("-") ? "-" : "";
  const digits = trimmed.replace(/\D/g, "");
  return sign + (digits.length < GROUPED_FROM ? digits : digits.replace(/\B(?=(\d{3})+$)/g, "."));
}

// Group the digits of a field of whole numbers and keep the caret behind the same digit.
export function groupWhileTyping(input) {
  const before = input.value;
  const after = grouped(before);
  if (after === before) return;
  const digitsLeft = before.slice(0, input.selectionStart).replace(/\D/g, "").length;
  input.value = after;
  let place = after.startsWith("-") ? 1 : 0;
  for (let seen = 0; place < after.length && seen < digitsLeft; place += 1) {
    if (/\d/.test(after[place])) seen += 1;
  }
  input.setSelectionRange(place, place);
}

// An amount of VND in millions: "= 126,45 triệu đồng"; empty for what is no amount.
export function inMillions(text) {
  const trimmed = text.trim();
  if (!WHOLE.test(trimmed)) return "";
  const millions = Number(trimmed.replace(/[.,\s]/g, "")) / 1e6;
  return `= ${millions.toLocaleString("vi-VN", { maximumFractionDigits: 6 })} triệu đồng`;
}
