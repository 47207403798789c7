/** The chat box: which view is shown, and what the page and the launcher are told.
 *
 * The views come in two more files, each loaded when one of its views is first shown.
 */
import { redact } from "../redact.js";
import { createPictures } from "./faces.js";
import { createLine } from "./line.js";

const TITLES = { en: "Chat with {name}", de: "Chat mit {name}" };
const FROM = { en: "{agent} from {name}", de: "{agent} von {name}" };

export function mount(ctx) {
  const { store, config, host, h, fill, uuid } = ctx;
  const texts = { en: {}, de: {} };
  const files = {};
  const t = (name, values) => fill(texts[ctx.language][name] || "", values || {});
  const panel = h("section", { class: "w-panel", id: "panel", role: "dialog", tabindex: "-1" });
  const line = createLine(ctx, changed, arrived, parted);
  const pictures = createPictures(ctx, line);
  const kit = { ctx, line, t, pictures, h, uuid, redact, icon: ctx.svg, close, leave, done, skip };
  let opened = false;
  let views = {};
  let chat = null;
  let screen = null;
  let skipped = "";
  let coming = "";
  let planned = false;

  /** A file with views, its texts known from then on. */
  function load(name) {
    const style = config.assets[name.replace("js", "css")];
    files[name] ||= Promise.all([import(config.assets[name]), style && ctx.style(style)]).then(([file]) => {
      for (const language in texts) Object.assign(texts[language], file.TEXTS[language]);
      return file;
    });
    files[name].catch(() => delete files[name]);
    return files[name];
  }

  // Which view

  function wanted() {
    const { conversation, online } = line.state;
    if (screen) return screen.view;
    const waiting = line.outbox.items.length;
    if (conversation && conversation.status == "resolved" && !waiting && !(store.get("draft") || "").trim()) {
      if (config.rating && !conversation.rating && skipped != conversation.id) return "rating";
    }
    if (conversation || waiting) return "chat";
    const now = host.dataset.state;
    // Nothing is taken from under somebody's hands.
    if (opened && views[now] && views[now].isDirty && views[now].isDirty()) return now;
    if (!online) return "offline";
    return config.prechat ? "prechat" : "chat";
  }

  async function show(name, options = {}) {
    coming = name;
    if (host.dataset.state == name) return;
    try {
      if (!chat && ["chat", "rating"].includes(name)) {
        const file = await load("chat.js");
        chat ||= file.createChat(kit);
      }
      const file = name != "chat" && (await load("forms.js"));
      // Meanwhile it may have been closed, or another view be due.
      if (coming != name || !opened || host.dataset.state == name) return;
      enter(name, file ? file.VIEWS[name](kit, screen) : chat, options);
    } catch (error) {
      console.warn("supportdesk:", error);
      opened = host.dataset.state != "launcher";
    }
  }

  function enter(name, view, { focus = true }) {
    Object.values(views).forEach((old) => old.element.remove());
    views = { [name]: view };
    view.element.className = "w-view";
    panel.append(view.element);
    const slot = view.element.querySelector(".w-slot");
    if (slot) slot.append(chat.log);
    if (chat) chat.update();
    const before = host.dataset.state;
    host.dataset.state = name;
    if (focus) (before == "launcher" && ctx.isPhone() ? panel : view).focus();
    render();
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
    if (chat) chat.update();
    if (opened) show(wanted());
    config.online = line.state.online;
    ctx.show();
    markSeen();
    count();
  }

  function markSeen() {
    const { conversation, last } = line.state;
    if (!["chat", "rating"].includes(host.dataset.state) || document.hidden || !conversation || !last) return;
    const seen = store.get("seen") || {};
    if (seen.id == conversation.id && seen.seq >= last) return;
    store.set("seen", { id: conversation.id, seq: last });
    line.seen(last);
  }

  function count() {
    const { conversation, messages } = line.state;
    const seen = store.get("seen") || {};
    const from = conversation && seen.id == conversation.id ? seen.seq : 0;
    const fresh = (message) => message.kind == "message" && message.by == "agent" && message.seq > from;
    const unread = [...messages.values()].filter(fresh).sort((a, b) => a.seq - b.seq);
    const news = unread.length;
    ctx.setUnread(news);
    greet(unread.at(-1));
  }

  /** The words of an agent who writes to somebody who never wrote. */
  function greet(message) {
    const begun = [...line.state.messages.values()].some(({ by }) => by == "visitor") || line.outbox.items.length;
    if (!message || opened || begun || !message.text) return ctx.agentSays(null);
    const { agent } = message;
    const from = agent && agent.name ? fill(FROM[ctx.language], { agent: agent.name, name: config.name }) : config.name;
    ctx.agentSays(message, from, () => pictures.face(agent || {}));
  }

  function arrived(message) {
    if (message.kind != "message" || message.by != "agent") return;
    ctx.emit("message_received", { content: { text: message.text } });
    // Somebody answers sooner than by e-mail.
    if (screen && screen.view == "sent") leave();
    // Of several tabs the first one rings.
    if (store.get("muted") || store.get("rang") == message.id) return;
    store.set("rang", message.id);
    load("chat.js").then((file) => file.beep(), () => {});
  }

  // The page's commands

  async function open(options) {
    if (opened) return;
    opened = true;
    screen = null;
    store.set("open", 1);
    line.setActive(true);
    panel.setAttribute("aria-modal", ctx.isPhone());
    await show(wanted(), options);
    ctx.emit("open");
  }

  function close() {
    if (!opened) return;
    opened = false;
    coming = "";
    host.dataset.state = "launcher";
    store.remove("open");
    line.setActive(false);
    ctx.launcher.focus();
    ctx.emit("close");
  }

  function language() {
    panel.setAttribute("aria-label", fill(TITLES[ctx.language], { name: config.name }));
    rebuild();
  }

  function parted() {
    screen = null;
    rebuild();
  }

  /** All views anew; what was typed is kept as draft, unless its writer is gone. */
  function rebuild() {
    chat = null;
    if (!opened) return;
    host.dataset.state = "";
    show(wanted(), { focus: false });
  }

  // Keyboard, files dropped in

  panel.addEventListener("keydown", (event) => {
    if (event.key == "Escape") {
      event.stopPropagation();
      if (!chat || !chat.composer.closePalette()) close();
    }
    if (event.key == "Tab" && ctx.isPhone()) keepInside(event);
  });

  /** On a phone the box is the screen: what lies behind it is out of reach. */
  function keepInside(event) {
    const all = [...panel.querySelectorAll("button, input, textarea, select, a, [tabindex='0']")];
    const reachable = all.filter((one) => one.offsetParent && one.tabIndex >= 0);
    const [first, last] = event.shiftKey ? [reachable.at(-1), reachable[0]] : [reachable[0], reachable.at(-1)];
    if (ctx.root.activeElement != last) return;
    event.preventDefault();
    first.focus();
  }

  const takesFiles = (event) => host.dataset.state == "chat" && event.dataTransfer.types.includes("Files");
  panel.addEventListener("dragover", (event) => {
    if (!takesFiles(event)) return;
    event.preventDefault();
    panel.dataset.drop = t("dropHere");
  });
  panel.addEventListener("dragleave", (event) => {
    if (!panel.contains(event.relatedTarget)) delete panel.dataset.drop;
  });
  panel.addEventListener("drop", (event) => {
    delete panel.dataset.drop;
    if (!takesFiles(event)) return;
    event.preventDefault();
    chat.composer.attach(event.dataTransfer.files);
  });
  document.addEventListener("visibilitychange", changed);

  ctx.launcher.setAttribute("aria-controls", "panel");
  ctx.launcher.before(panel);
  language();
  line.start();
  return {
    open,
    close,
    language,
    message(text) {
      store.set("draft", redact(text));
      if (chat) chat.composer.set(text);
      changed();
    },
    news: line.news,
    renew: line.renew,
    logout: line.farewell,
  };
}
