/** Where the visitor writes: text, emoji and files. */
import { ICONS } from "./chat_icons.js";

const MAX_TEXT = 10000;
const MAX_FILE = 20 * 1024 * 1024;
const EMOJI = "😀 😄 😂 😊 😉 😍 😘 🤔 😐 😕 🙁 😢 😭 😡 😱 😴 👍 👎 👌 👏 🙏 💪 👋 ❤️ 🎉 🔥 ⭐ ✅ ❌ ❓ 📦 🚚".split(" ");
const COLUMNS = 8;

export function createComposer({ ctx, h, line, redact, t, icon }, sent) {
  const { store } = ctx;
  const notice = h("p", { class: "w-err", role: "alert", hidden: true });
  const input = h("textarea", { rows: 1, maxlength: MAX_TEXT, placeholder: t("input"), "aria-label": t("input") });
  const picker = h("input", { type: "file", multiple: true, hidden: true, tabindex: -1 });
  const round = (label, path, onclick, extra = "") =>
    h("button", { class: `w-ib ${extra}`, type: "button", "aria-label": label, onclick }, icon(path));
  const smile = round(t("emoji"), ICONS.smile, () => (palette.hidden ? openPalette() : closePalette()));
  const go = round(t("send"), ICONS.up, null, "w-ib--send");
  go.type = "submit";
  smile.setAttribute("aria-expanded", "false");
  const palette = h(
    "div",
    { class: "w-emoji", role: "group", "aria-label": t("emoji"), hidden: true },
    EMOJI.map((sign, index) => h("button", { type: "button", tabindex: index ? -1 : 0, onclick: () => insert(sign) }, sign)),
  );
  const form = h(
    "form",
    { class: "w-send" },
    round(t("attach"), ICONS.clip, () => picker.click()),
    picker,
    input,
    smile,
    go,
  );
  const element = h("div", { class: "w-compose" }, notice, palette, form);

  function complain(text) {
    notice.replaceChildren(icon(ICONS.alert), text);
    notice.hidden = !text;
  }

  /** The shop's own scripts can read what is kept. */
  function keep() {
    store.set("draft", redact(input.value));
  }

  function grow() {
    if (CSS.supports("field-sizing", "content")) return;
    input.style.height = "auto";
    input.style.height = `${Math.min(input.scrollHeight, 120)}px`;
  }

  function submit() {
    const text = input.value.trim();
    if (!text) return input.focus();
    complain("");
    set("");
    line.send(text);
    sent();
    input.focus();
  }

  function set(text) {
    input.value = text;
    keep();
    grow();
  }

  function insert(sign) {
    closePalette();
    input.setRangeText(sign, input.selectionStart, input.selectionEnd, "end");
    keep();
    input.focus();
  }

  function openPalette() {
    palette.hidden = false;
    smile.setAttribute("aria-expanded", "true");
    palette.firstChild.focus();
  }

  function closePalette() {
    if (palette.hidden) return false;
    palette.hidden = true;
    smile.setAttribute("aria-expanded", "false");
    smile.focus();
    return true;
  }

  function attach(files) {
    complain("");
    for (const file of files) {
      if (file.size > MAX_FILE) complain(t("tooLarge", { name: file.name }));
      else line.sendFile(file);
    }
    sent();
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    submit();
  });
  input.addEventListener("keydown", (event) => {
    // While an input method composes, Enter accepts its suggestion.
    if (event.key != "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    submit();
  });
  input.addEventListener("input", () => {
    keep();
    grow();
    line.typing(Boolean(input.value.trim()));
  });
  input.addEventListener("paste", (event) => {
    const files = [...event.clipboardData.files];
    if (!files.length) return;
    event.preventDefault();
    attach(files);
  });
  picker.addEventListener("change", () => {
    attach(picker.files);
    picker.value = "";
  });
  palette.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: COLUMNS, ArrowUp: -COLUMNS }[event.key];
    if (!step) return;
    event.preventDefault();
    const buttons = [...palette.children];
    const next = buttons[buttons.indexOf(palette.getRootNode().activeElement) + step];
    if (next) next.focus();
  });
  set(store.get("draft") || "");

  return {
    element,
    attach,
    closePalette,
    focus: () => input.focus(),
    isEmpty: () => !input.value.trim(),
    set,
  };
}
