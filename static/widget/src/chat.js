/** The chat itself: who answers, the log, the composer. */
import { ICONS } from "./chat_icons.js";
import { CHAT_TEXTS } from "./chat_texts.js";
import { createComposer } from "./composer.js";
import { beep } from "./sound.js";
import { createThread } from "./thread.js";

export const TEXTS = CHAT_TEXTS;
export { beep };

export function createChat(kit) {
  const { ctx, h, line, t, icon, pictures, close } = kit;
  const { config, store } = ctx;
  const thread = createThread(kit);
  const composer = createComposer(kit, thread.toEnd);
  const face = h("span", { class: "w-faces" });
  const title = h("h2");
  const status = h("p");
  const sound = h("button", { type: "button", onclick: toggleSound });
  const minimise = h("button", { type: "button", "aria-label": t("minimise"), onclick: close }, icon(ICONS.down));
  const top = h("div", { class: "w-head" }, face, h("div", { class: "w-head__text" }, title, status), sound, minimise);
  const notice = h("p", { class: "w-notice", role: "status" });
  const url = config.privacy_url;
  const privacy = url && h("a", { href: url, target: "_blank", rel: "noopener" }, t("privacy"));
  const foot = h("p", { class: "w-foot" }, t("cards"), " ", privacy);
  const element = h("div", {}, top, notice, h("div", { class: "w-slot" }), composer.element, foot);
  let shown = "";

  function toggleSound() {
    store.set("muted", !store.get("muted"));
    update();
  }

  function update() {
    const { agent, online } = line.state;
    const print = JSON.stringify(agent);
    if (print != shown) {
      shown = print;
      face.replaceChildren(...(agent ? [pictures.face(agent)] : []));
    }
    const muted = Boolean(store.get("muted"));
    const words = agent && agent.name ? config.name : ctx.text("subtitle");
    title.textContent = (agent && agent.name) || config.name;
    status.replaceChildren(...(online ? [h("i")] : []), [words, online && t("online")].filter(Boolean).join(", "));
    sound.replaceChildren(icon(muted ? ICONS.bellOff : ICONS.bell));
    sound.setAttribute("aria-label", t(muted ? "soundOn" : "soundOff"));
    notice.hidden = online;
    notice.textContent = online ? "" : t("away");
    thread.render();
  }

  return { element, log: thread.element, composer, update, focus: composer.focus };
}
