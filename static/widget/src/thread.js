/** The message log: its nodes stay, only what is new is added. */
import { ICONS } from "./chat_icons.js";
import { rich } from "./rich.js";

const DAY = 86400000;

export function createThread(kit) {
  const { ctx, h, line, t, icon, pictures } = kit;
  const nodes = new Map();
  const log = h("ol", { class: "w-log" });
  const element = h("div", { class: "w-scroll", role: "log", "aria-live": "polite", tabindex: "0" }, log);
  element.setAttribute("aria-label", t("messages"));

  const locale = () => (ctx.language == "de" ? "de-DE" : "en-GB");
  const clock = (date) => date.toLocaleTimeString(locale(), { hour: "2-digit", minute: "2-digit" });

  function dayLine(date) {
    const start = (moment) => new Date(moment).setHours(0, 0, 0, 0);
    const ago = Math.round((start(Date.now()) - start(date)) / DAY);
    const long = { weekday: "long", day: "numeric", month: "long" };
    const day = [t("today"), t("yesterday")][ago] || date.toLocaleDateString(locale(), long);
    return h("li", { class: "w-day" }, `${day}, ${clock(date)}`);
  }

  function size(bytes) {
    const big = bytes >= 1e6;
    const number = (bytes / (big ? 1e6 : 1e3)).toLocaleString(locale(), { maximumFractionDigits: big ? 1 : 0 });
    return `${number} ${big ? "MB" : "kB"}`;
  }

  function file(entry) {
    const onclick = () => pictures.download(entry).catch(() => {});
    const label = t("download", { name: entry.name });
    if (entry.width && entry.type.startsWith("image/")) {
      const image = pictures.image(entry, t("image", { name: entry.name }));
      return h("button", { class: "w-img", type: "button", onclick, "aria-label": label }, image);
    }
    const words = h("span", {}, h("b", {}, entry.name), h("small", {}, size(entry.size)));
    return h("button", { class: "w-file", type: "button", onclick, "aria-label": label }, icon(ICONS.file), words);
  }

  const bubble = (text, name) =>
    h("div", { class: "w-bub" }, name && h("small", {}, name), ...rich(kit, text));

  function messageLine(message, first) {
    const mine = message.by == "visitor";
    const agent = message.agent || { name: "", initials: "" };
    const name = !mine && first ? agent.name || ctx.config.name : "";
    const body = h("div", { class: "w-body" }, message.text && bubble(message.text, name), (message.files || []).map(file));
    body.title = clock(new Date(message.at));
    const item = h("li", { class: `w-msg${mine ? " w-msg--me" : ""}${first ? "" : " w-msg--cont"}` });
    if (!mine) item.append(pictures.face(agent, "w-face--sm"));
    item.append(body);
    return item;
  }

  function eventLine(message) {
    const name = (message.agent && message.agent.name) || ctx.config.name;
    const words = { joined: t("joined", { name }), resolved: t("resolved", { name }) }[message.event];
    return words && h("li", { class: "w-event" }, words);
  }

  function waitingLine(item, first) {
    const body = h("div", { class: "w-body" });
    if (item.text) body.append(bubble(item.text));
    if (item.file) {
      const percent = Math.round((item.progress || 0) * 100);
      const words = h("b", {}, item.file.name);
      const bar = h("progress", { max: 100, value: percent, "aria-label": t("uploading", { name: item.file.name, percent }) });
      body.append(h("div", { class: "w-file" }, icon(ICONS.file), h("span", {}, words, bar)));
    }
    return h("li", { class: `w-msg w-msg--me${first ? "" : " w-msg--cont"}` }, body);
  }

  function waitingState(item) {
    if (item.state == "failed") {
      const retry = h("button", { type: "button", onclick: () => line.outbox.retry(item.id) }, t("retry"));
      const discard = h("button", { type: "button", onclick: () => line.outbox.remove(item.id) }, t("discard"));
      return h("li", { class: "w-state w-state--bad" }, icon(ICONS.alert), item.error || t("failed"), retry, discard);
    }
    if (!line.outbox.stuck) return h("li", { class: "w-state" }, t("sending"));
    const retry = h("button", { type: "button", onclick: () => line.outbox.hurry() }, t("retry"));
    return h("li", { class: "w-state w-state--wait" }, t("waiting"), retry);
  }

  /** Every entry as `[key, fingerprint, how to make it]`, top to bottom. */
  function entries() {
    const { state, outbox } = line;
    const found = [];
    const messages = [...state.messages.values()].sort((a, b) => a.seq - b.seq);
    const stored = new Set(messages.map((message) => message.client_id));
    const waiting = outbox.items.filter((item) => !stored.has(item.id));
    if (state.earlier) {
      const more = () => h("li", { class: "w-event" }, h("button", { type: "button", class: "w-more", onclick: () => line.earlier().catch(() => {}) }, t("older")));
      found.push(["earlier", "", more]);
    }
    if (!messages.length && !state.conversation) {
      const agent = (ctx.config.agents || [])[0] || { name: ctx.config.name, initials: ctx.config.name.slice(0, 2).toUpperCase() };
      const welcome = { by: "agent", at: Date.now(), text: ctx.text("welcome") || t("welcome"), agent };
      found.push(["welcome", "", () => messageLine(welcome, true)]);
    }
    let day = "";
    let author = "";
    let own = null;
    const dated = (at) => {
      const date = new Date(at);
      if (date.toDateString() != day) {
        day = date.toDateString();
        author = "";
        found.push([`day ${day}`, "", () => dayLine(date)]);
      }
    };
    for (const message of messages) {
      dated(message.at);
      if (message.kind == "event") {
        author = "";
        own = null;
        found.push([message.id, "", () => eventLine(message)]);
        continue;
      }
      const who = message.by == "visitor" ? "me" : (message.agent || {}).id || "desk";
      const first = who != author;
      author = who;
      own = who == "me" ? message : null;
      found.push([message.client_id || message.id, `sent ${first}`, () => messageLine(message, first)]);
    }
    if (own && !waiting.length) {
      const seen = state.conversation && state.conversation.seen >= own.seq;
      const words = () => h("li", { class: "w-state" }, icon(seen ? ICONS.checks : ICONS.check), t(seen ? "seen" : "delivered"));
      found.push(["state", `${own.seq} ${seen}`, words]);
    }
    for (const item of waiting) {
      dated(item.at);
      const first = author != "me";
      author = "me";
      const progress = item.file ? Math.round((item.progress || 0) * 20) : "";
      found.push([item.id, `waits ${first} ${progress}`, () => waitingLine(item, first)]);
      found.push([`state ${item.id}`, `${item.state} ${item.error} ${outbox.stuck}`, () => waitingState(item)]);
    }
    if (state.typing) {
      const agent = state.agent || { initials: "·", name: t("someone") };
      const dots = () =>
        h("li", { class: "w-msg" }, pictures.face(agent, "w-face--sm"), h("div", { class: "w-bub w-typing" }, h("span", { class: "w-sr" }, t("typing", { name: agent.name || t("someone") })), h("i"), h("i"), h("i")));
      found.push(["typing", "", dots]);
    }
    return found;
  }

  function render() {
    const used = new Set();
    let position = 0;
    for (const [key, print, make] of entries()) {
      let known = nodes.get(key);
      if (!known || known.print != print) {
        const node = make();
        if (!node) continue;
        if (known) known.node.replaceWith(node);
        known = { node, print };
        nodes.set(key, known);
      }
      used.add(key);
      const at = log.children[position];
      if (at != known.node) log.insertBefore(known.node, at || null);
      position += 1;
    }
    for (const [key, { node }] of nodes) {
      if (used.has(key)) continue;
      node.remove();
      nodes.delete(key);
    }
  }

  return { element, render, toEnd: () => (element.scrollTop = 0) };
}
