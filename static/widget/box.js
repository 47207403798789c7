/** The chat box: which view is shown, and what the page and the launcher are told. */
import { createComposer } from "./composer.js";
import { fill, h, ICONS } from "./dom.js";
import { createPictures } from "./faces.js";
import { contactForm, privacy, ratingForm, sentView, thanksView } from "./forms.js";
import { createLine } from "./line.js";
import { beep } from "./sound.js";
import { TEXTS } from "./texts.js";
import { createThread } from "./thread.js";

export function mount(ctx) {
  const { store, config, host } = ctx;
  const t = (name, values) => fill(TEXTS[ctx.language][name], values || {});
  const icon = ctx.svg;
  const panel = h("section", { class: "w-panel", id: "panel", role: "dialog", tabindex: "-1" });
  const isOpen = () => host.dataset.state != "launcher";
  let views = {};
  let screen = null;
  let skipped = "";
  let planned = false;
  let thread;
  let composer;

  const line = createLine(ctx, changed, arrived);
  const pictures = createPictures(line);
  const parts = { ctx, line, t, icon, pictures, close, leave, done, skip, sent: () => thread.toEnd() };

  // Which view

  function wanted() {
    const { conversation, online } = line.state;
    if (screen) return screen.view;
    const waiting = line.outbox.items.length;
    if (conversation && conversation.status == "resolved" && !waiting && composer.isEmpty()) {
      if (config.rating && !conversation.rating && skipped != conversation.id) return "rating";
    }
    if (conversation || waiting) return "chat";
    const form = views[host.dataset.state];
    if (isOpen() && form && form.isDirty && form.isDirty()) return host.dataset.state;
    if (!online) return "offline";
    return config.prechat ? "prechat" : "chat";
  }

  const makers = {
    chat: chatView,
    prechat: () => contactForm(parts, false),
    offline: () => contactForm(parts, true),
    sent: () => sentView(parts, screen),
    rating: () => ratingForm(parts, h("div", { class: "w-slot" })),
    thanks: () => thanksView(parts),
  };

  function show(name) {
    const before = host.dataset.state;
    if (!views[name]) {
      views[name] = makers[name]();
      views[name].element.className = "w-view";
      views[name].element.dataset.view = name;
      panel.append(views[name].element);
    }
    // One log, in whichever view shows it.
    const slot = views[name].element.querySelector(".w-slot");
    if (slot) slot.append(thread.element);
    if (before == name) return;
    host.dataset.state = name;
    for (const old of ["sent", "rating", "thanks", "prechat", "offline"]) {
      if (old != name && views[old]) {
        views[old].element.remove();
        delete views[old];
      }
    }
    if (before != "launcher" || !ctx.isPhone()) views[name].focus();
    else panel.focus();
  }

  function done(next) {
    screen = next.view ? next : null;
    render();
  }

  function leave() {
    screen = null;
    skip();
  }

  function skip() {
    skipped = line.state.conversation ? line.state.conversation.id : "";
    render();
  }

  // The chat

  function chatView() {
    const face = h("span", { class: "w-faces" });
    const title = h("h2");
    const status = h("p");
    const sound = h("button", { type: "button", onclick: toggleSound });
    const minimise = h("button", { type: "button", "aria-label": t("minimise"), onclick: close }, icon(ICONS.down));
    const top = h("div", { class: "w-head" }, face, h("div", { class: "w-head__text" }, title, status), sound, minimise);
    const notice = h("p", { class: "w-notice", role: "status", hidden: true });
    let shown = "";

    function toggleSound() {
      store.set("muted", !store.get("muted"));
      update();
    }

    function update() {
      const agent = line.state.agent;
      const print = JSON.stringify(agent);
      if (print != shown) {
        shown = print;
        face.replaceChildren(...(agent ? [pictures.face(agent)] : []));
      }
      title.textContent = (agent && agent.name) || config.name;
      const { online } = line.state;
      const words = agent && agent.name ? config.name : ctx.text("subtitle");
      const state = online ? t("online") : "";
      status.replaceChildren(...(online ? [h("i")] : []), [words, state].filter(Boolean).join(", "));
      const muted = Boolean(store.get("muted"));
      sound.replaceChildren(icon(muted ? ICONS.bellOff : ICONS.bell));
      sound.setAttribute("aria-label", t(muted ? "soundOn" : "soundOff"));
      notice.hidden = online;
      notice.textContent = online ? "" : t("away");
    }

    const element = h("div", {}, top, notice, h("div", { class: "w-slot" }), composer.element, privacy(parts));
    update();
    return { element, update, focus: composer.focus };
  }

  // What changes

  /** Many changes of one moment are drawn once; not by frame, hidden tabs have none. */
  function changed() {
    if (planned) return;
    planned = true;
    Promise.resolve().then(() => {
      planned = false;
      render();
    });
  }

  function render() {
    if (!thread) return;
    thread.render();
    if (views.chat) views.chat.update();
    if (isOpen()) show(wanted());
    markSeen();
    count();
  }

  function markSeen() {
    const { conversation, last } = line.state;
    if (!isOpen() || document.hidden || !conversation || !last) return;
    const seen = store.get("seen") || {};
    if (seen.id == conversation.id && seen.seq >= last) return;
    store.set("seen", { id: conversation.id, seq: last });
    line.seen(last);
  }

  function count() {
    const { conversation, messages } = line.state;
    const seen = store.get("seen") || {};
    const from = conversation && seen.id == conversation.id ? seen.seq : 0;
    const news = [...messages.values()].filter(
      (message) => message.kind == "message" && message.by == "agent" && message.seq > from,
    );
    ctx.setUnread(news.length);
    const plain = document.title.replace(/^\(\d+\) /, "");
    const title = news.length ? `(${news.length}) ${plain}` : plain;
    if (title != document.title) document.title = title;
  }

  function arrived(message) {
    if (message.kind != "message" || message.by != "agent") return;
    ctx.emit("message_received", { content: { text: message.text } });
    // Of several tabs the first one rings.
    if (store.get("muted") || store.get("rang") == message.id) return;
    store.set("rang", message.id);
    beep();
  }

  // The page's commands

  function open() {
    if (isOpen()) return;
    screen = null;
    store.set("open", 1);
    line.setActive(true);
    panel.setAttribute("aria-modal", ctx.isPhone());
    show(wanted());
    render();
    ctx.emit("open");
  }

  function close() {
    if (!isOpen()) return;
    host.dataset.state = "launcher";
    store.remove("open");
    line.setActive(false);
    ctx.launcher.focus();
    ctx.emit("close");
  }

  function build() {
    const draft = store.get("draft");
    views = {};
    panel.replaceChildren();
    panel.setAttribute("aria-label", t("chat", { name: config.name }));
    thread = createThread(parts);
    composer = createComposer(parts);
    if (draft) composer.set(draft);
    if (isOpen()) {
      const name = host.dataset.state;
      host.dataset.state = "";
      show(name);
    }
    render();
  }

  // Keyboard, files dropped in

  panel.addEventListener("keydown", (event) => {
    if (event.key == "Escape") {
      event.stopPropagation();
      if (!composer.closePalette()) close();
    }
    if (event.key == "Tab" && ctx.isPhone()) keepInside(event);
  });

  /** On a phone the box is the screen: what lies behind it is out of reach. */
  function keepInside(event) {
    const all = [...panel.querySelectorAll("button, input, textarea, select, a, [tabindex='0']")];
    const reachable = all.filter((one) => one.offsetParent && one.tabIndex >= 0);
    const edge = event.shiftKey ? reachable[0] : reachable.at(-1);
    if (ctx.root.activeElement != edge) return;
    event.preventDefault();
    (event.shiftKey ? reachable.at(-1) : reachable[0]).focus();
  }

  const hasFiles = (event) => host.dataset.state == "chat" && [...event.dataTransfer.types].includes("Files");
  panel.addEventListener("dragover", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    panel.dataset.drop = t("dropHere");
  });
  panel.addEventListener("dragleave", (event) => {
    if (!panel.contains(event.relatedTarget)) delete panel.dataset.drop;
  });
  panel.addEventListener("drop", (event) => {
    delete panel.dataset.drop;
    if (!hasFiles(event)) return;
    event.preventDefault();
    composer.attach(event.dataTransfer.files);
  });
  document.addEventListener("visibilitychange", changed);

  ctx.launcher.setAttribute("aria-controls", "panel");
  ctx.launcher.before(panel);
  build();
  return {
    open,
    close,
    language: build,
    message(text) {
      composer.set(text);
      render();
    },
    logout() {
      composer.set("");
      line.logout();
    },
  };
}
