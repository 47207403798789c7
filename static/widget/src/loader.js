/* The support desk's chat: draws the launcher, loads the chat box when it is needed. */
(() => {
  "use strict";

  const LAUNCHER_CSS = `
:host {
  --w-on: #fff; --w-bg: #fff; --w-bg-2: #f4f4f5; --w-bg-3: #ececee; --w-line: #e3e3e6;
  --w-field: #8e8e96; --w-text: #1c1b1f; --w-text-2: #5d5c66; --w-good: #12763d;
  --w-mid: #855100; --w-bad: #b3261e; --w-ink: var(--w-accent); --w-tint: #f6f2ef;
  --w-press: var(--w-accent);
  --w-shadow: 0 0 0 1px rgba(20,20,30,.06), 0 12px 24px -8px rgba(20,20,30,.16), 0 32px 64px -16px rgba(20,20,30,.28);
  all: initial !important;
  position: fixed !important;
  z-index: 2147483000 !important;
  right: 20px !important;
  bottom: 20px !important;
  display: block !important;
  font: 400 14.5px/1.48 -apple-system, BlinkMacSystemFont, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif !important;
  color: var(--w-text) !important;
  text-align: left !important;
  color-scheme: light !important;
  -webkit-font-smoothing: antialiased !important;
}
:host([data-side="left"]) { right: auto !important; left: 20px !important; }
@supports (color: oklch(from red l c h)) {
  :host {
    --w-on: oklch(from var(--w-accent) calc(.17 + clamp(0, (.57 - l) * 1000, 1) * .83) 0 0);
    --w-ink: oklch(from var(--w-accent) min(l, .5) c h);
    --w-tint: oklch(from var(--w-accent) .97 min(c, .012) h);
    --w-press: oklch(from var(--w-accent) calc(l - .05) c h);
  }
}
:host([data-theme="dark"]) {
  --w-bg: #18181b; --w-bg-2: #242428; --w-bg-3: #303036; --w-line: #313137;
  --w-field: #7d7d87; --w-text: #f0eff2; --w-text-2: #aeadb7; --w-good: #6fd694;
  --w-mid: #f0bd62; --w-bad: #ff938a; --w-ink: #e9b29a; --w-tint: #222023;
  --w-shadow: 0 0 0 1px rgba(255,255,255,.09), 0 32px 64px -16px rgba(0,0,0,.7);
  color-scheme: dark !important;
}
@supports (color: oklch(from red l c h)) {
  :host([data-theme="dark"]) {
    --w-ink: oklch(from var(--w-accent) max(l, .78) min(c, .12) h);
    --w-tint: oklch(from var(--w-accent) .24 min(c, .02) h);
  }
}
:host([hidden]) { display: none !important; }
*, *::before, *::after { box-sizing: border-box; }
button { font: inherit; color: inherit; margin: 0; border: 0; background: none; padding: 0; cursor: pointer; text-align: inherit; }
svg { display: block; width: 20px; height: 20px; fill: none; stroke: currentColor; stroke-width: 1.9; stroke-linecap: round; stroke-linejoin: round; flex: none; }
:focus { outline: none; }
:focus-visible { outline: 2px solid var(--w-ink); outline-offset: 2px; }
.w-launch {
  position: relative; display: grid; place-items: center; width: 58px; height: 58px; margin-left: auto;
  border-radius: 50%; background: var(--w-accent); color: var(--w-on);
  box-shadow: 0 6px 18px -4px rgba(20,20,30,.38), inset 0 1px 0 rgba(255,255,255,.16);
  transition: background-color .12s, transform .18s cubic-bezier(.2,.7,.2,1);
}
:host([data-side="left"]) .w-launch { margin-left: 0; }
.w-launch:hover { background: var(--w-press); transform: translateY(-1px); }
.w-launch:focus-visible { outline-offset: 3px; }
.w-launch svg { width: 26px; height: 26px; grid-area: 1 / 1; }
.w-launch svg + svg, :host(:not([data-state="launcher"])) :is(.w-launch svg:first-child, .w-launch b, .w-greet) { display: none; }
:host(:not([data-state="launcher"])) .w-launch svg + svg { display: block; }
.w-launch b {
  position: absolute; top: -2px; right: -2px; display: grid; place-items: center; min-width: 21px; height: 21px;
  padding: 0 6px; border-radius: 11px; background: #c5221f; color: #fff; font-size: 12px; font-weight: 600;
  line-height: 1; box-shadow: 0 0 0 2px #fff;
}
.w-launch b:empty { display: none; }
.w-greet {
  position: relative; width: 296px; max-width: calc(100vw - 40px); margin: 0 0 14px auto; border-radius: 16px;
  border-bottom-right-radius: 6px; background: var(--w-bg); box-shadow: var(--w-shadow);
  animation: w-rise .28s cubic-bezier(.2,.7,.2,1);
}
.w-greet > button:first-of-type { display: block; width: 100%; padding: 14px 38px 14px 16px; }
.w-greet small { display: block; color: var(--w-text-2); font-size: 12.5px; margin-bottom: 2px; }
.w-x { position: absolute; top: 6px; right: 6px; display: grid; place-items: center; width: 28px; height: 28px; border-radius: 8px; color: var(--w-text-2); }
.w-x:hover { background: var(--w-bg-2); color: var(--w-text); }
.w-x svg { width: 15px; height: 15px; }
@keyframes w-rise { from { opacity: 0; transform: translateY(10px); } }
@media (max-width: 520px) {
  :host { right: 14px !important; bottom: calc(14px + env(safe-area-inset-bottom)) !important; }
  :host([data-side="left"]) { right: auto !important; left: 14px !important; }
}
@media (prefers-reduced-motion: reduce) { * { animation: none !important; transition: none !important; } }`;

  const WORDS = {
    en: { open: "Open chat", close: "Close chat", dismiss: "Dismiss", unread: ["new message", "new messages"] },
    de: { open: "Chat öffnen", close: "Chat schließen", dismiss: "Hinweis schließen", unread: ["neue Nachricht", "neue Nachrichten"] },
  };
  const BUBBLE = "M7.9 20A9 9 0 1 0 4 16.1L2 22zM8 12h.01M12 12h.01M16 12h.01";
  const DOWN = "m6 9 6 6 6-6";
  const CROSS = "M18 6 6 18M6 6l12 12";
  const GREET_DELAY = 4000;
  const TRAIL = 20;
  const VIEW_DELAY = 500;
  const RETRIES = [5000, 30000, 120000, 600000];

  const script = document.currentScript || document.querySelector('script[data-key][src*="/widget.js"]');
  const key = script && script.dataset.key;
  const queue = (window.supportdesk && window.supportdesk._) || [];
  if (!key || (window.supportdesk && window.supportdesk.live)) return;
  const base = script.src.replace(/\/widget\.js.*$/, "");

  const warn = (...words) => console.warn("supportdesk:", ...words);
  const safely = (work) => {
    try {
      return work();
    } catch (error) {
      warn(error);
    }
  };

  // What survives the page; in memory where the browser forbids storage.
  const prefix = `supportdesk:${key}:`;
  const memory = new Map();
  const store = {
    prefix,
    get(name) {
      if (memory.has(name)) return memory.get(name);
      try {
        return JSON.parse(localStorage.getItem(prefix + name));
      } catch {
        return null;
      }
    },
    set(name, value) {
      try {
        localStorage.setItem(prefix + name, JSON.stringify(value));
        memory.delete(name);
      } catch {
        memory.set(name, value);
      }
      if (name == "token") report();
    },
    remove(name) {
      memory.delete(name);
      try {
        localStorage.removeItem(prefix + name);
      } catch {
        // Then it was in memory only.
      }
    },
    names(start) {
      const found = new Set([...memory.keys()].filter((name) => name.startsWith(start)));
      try {
        for (let i = 0; i < localStorage.length; i++) {
          const name = localStorage.key(i);
          if (name.startsWith(prefix + start)) found.add(name.slice(prefix.length));
        }
      } catch {
        // Memory only.
      }
      return [...found].sort();
    },
  };

  // The pages of this tab: kept here until there is a visitor whose trail they are.
  const trailName = `${prefix}trail`;
  let trail = [];
  let viewing;
  let lastUrl;
  try {
    trail = JSON.parse(sessionStorage.getItem(trailName)) || [];
  } catch {
    // This page's own, then.
  }

  function keepTrail(pages) {
    trail = pages.slice(-TRAIL);
    try {
      sessionStorage.setItem(trailName, JSON.stringify(trail));
    } catch {
      // In memory only.
    }
  }

  function viewed() {
    const url = location.href.split("#")[0].slice(0, 2000);
    if (url == lastUrl) return;
    const referrer = lastUrl ? "" : document.referrer.slice(0, 2000);
    lastUrl = url;
    clearTimeout(viewing);
    // Pages without reload set their title after the address.
    viewing = setTimeout(() => {
      keepTrail([...trail, { url, title: document.title.slice(0, 200), referrer, at: Date.now() }]);
      report();
    }, VIEW_DELAY);
  }

  /** The true versions, where the browser tells them; user agents hide them. */
  const device = (async () => {
    const data = navigator.userAgentData;
    const told = data && (await data.getHighEntropyValues(["platformVersion", "fullVersionList", "model"]));
    return { ...told, touch: navigator.maxTouchPoints > 1 };
  })().catch(() => null);

  async function report() {
    const told = await device;
    const token = store.get("token");
    if (!token || !trail.length) return;
    const batch = trail;
    // Not after the answer: a page that is left does not hear it, and would send twice.
    keepTrail([]);
    const pages = batch.map(({ at, ...page }) => ({ ...page, ago: Math.round((Date.now() - at) / 1000) }));
    const body = JSON.stringify({ token, pages, device: told });
    let answer;
    try {
      answer = await fetch(`${base}/widget/visit`, { method: "POST", body, keepalive: true, credentials: "omit" });
    } catch {
      // The network: sent with the next page.
    }
    if (!answer || answer.status == 401 || answer.status > 413) keepTrail([...batch, ...trail]);
  }

  function follow() {
    ["pushState", "replaceState"].forEach((name) => {
      const own = history[name];
      history[name] = function (...args) {
        const result = own.apply(this, args);
        safely(viewed);
        return result;
      };
    });
    addEventListener("popstate", viewed);
    viewed();
  }

  const listeners = {};
  const ctx = {
    key,
    base,
    store,
    config: null,
    language: "",
    unread: 0,
    emit(event, detail) {
      (listeners[event] || []).forEach((listener) => safely(() => listener(detail)));
    },
    text: (name) => (ctx.config.texts[ctx.language] || {})[name] || "",
    isPhone: () => matchMedia("(max-width: 520px)").matches,
    style: (address) => fetch(address).then((answer) => answer.text()).then(sheet),
    setUnread,
    svg,
  };
  let host;
  let launcher;
  let greeting;
  let accent;
  let box;
  let loading;

  function svg(path) {
    const space = "http://www.w3.org/2000/svg";
    const image = document.createElementNS(space, "svg");
    const line = document.createElementNS(space, "path");
    image.setAttribute("viewBox", "0 0 24 24");
    image.setAttribute("aria-hidden", "true");
    line.setAttribute("d", path);
    image.append(line);
    return image;
  }

  /** Constructed sheets stand outside the page's content security policy. */
  function sheet(css) {
    if ("adoptedStyleSheets" in Document.prototype) {
      const made = new CSSStyleSheet();
      made.replaceSync(css);
      ctx.root.adoptedStyleSheets = [...ctx.root.adoptedStyleSheets, made];
      return (changed) => made.replaceSync(changed);
    }
    const style = document.createElement("style");
    style.textContent = css;
    ctx.root.append(style);
    return (changed) => (style.textContent = changed);
  }

  function draw() {
    host = ctx.host = document.createElement("support-widget");
    ctx.root = host.attachShadow({ mode: "open" });
    host.dataset.state = "launcher";
    host.dataset.side = ctx.config.side;
    const accentCss = (color) => `:host { --w-accent: ${color}; }`;
    sheet(LAUNCHER_CSS);
    const setAccent = sheet(accentCss(ctx.config.color));
    accent = (color) => setAccent(accentCss(color));
    setTheme(ctx.config.theme);
    launcher = ctx.launcher = document.createElement("button");
    launcher.type = "button";
    launcher.className = "w-launch";
    launcher.append(svg(BUBBLE), svg(DOWN), document.createElement("b"));
    launcher.addEventListener("click", () => (isOpen() ? close() : open()));
    ctx.root.append(launcher);
    label();
    (document.body || document.documentElement).append(host);
    new MutationObserver(label).observe(host, { attributeFilter: ["data-state"] });
  }

  function setTheme(theme) {
    const dark = matchMedia("(prefers-color-scheme: dark)");
    const apply = () => (host.dataset.theme = theme == "auto" ? (dark.matches ? "dark" : "light") : theme);
    dark.onchange = apply;
    apply();
  }

  const isOpen = () => host.dataset.state != "launcher";

  function label() {
    const words = WORDS[ctx.language];
    const news = ctx.unread ? `, ${ctx.unread} ${words.unread[ctx.unread > 1 ? 1 : 0]}` : "";
    launcher.setAttribute("aria-label", isOpen() ? words.close : words.open + news);
    launcher.setAttribute("aria-expanded", isOpen());
  }

  function setUnread(count) {
    if (count != ctx.unread) ctx.emit("unread", count);
    ctx.unread = count;
    launcher.lastChild.textContent = count ? (count > 99 ? "99+" : count) : "";
    label();
  }

  function setLanguage(language) {
    const code = String(language).slice(0, 2).toLowerCase();
    if (!WORDS[code]) return warn("unsupported language", language);
    ctx.language = code;
    host.lang = code;
    label();
    if (box) box.language();
  }

  function load() {
    loading ||= (async () => {
      const { assets } = ctx.config;
      const [module] = await Promise.all([
        import(assets["box.js"]),
        ctx.style(assets["box.css"]),
      ]);
      box = module.mount(ctx);
      return box;
    })();
    loading.catch((error) => {
      loading = null;
      warn("the chat box could not be loaded", error);
    });
    return loading;
  }

  function open(options) {
    host.hidden = false;
    dismiss();
    return load().then(() => box.open(options), () => {});
  }

  function close() {
    if (box) box.close();
  }

  function greet() {
    const text = ctx.text("greet");
    if (!text || !ctx.config.online || store.get("greeted") || store.get("token") || ctx.isPhone()) return;
    setTimeout(() => {
      if (isOpen() || host.hidden) return;
      greeting = document.createElement("div");
      greeting.className = "w-greet";
      const say = document.createElement("button");
      const from = document.createElement("small");
      const cross = document.createElement("button");
      say.type = cross.type = "button";
      from.textContent = ctx.config.name;
      say.append(from, text);
      say.addEventListener("click", () => open());
      cross.className = "w-x";
      cross.append(svg(CROSS));
      cross.setAttribute("aria-label", WORDS[ctx.language].dismiss);
      cross.addEventListener("click", dismiss);
      greeting.append(say, cross);
      launcher.before(greeting);
    }, GREET_DELAY);
  }

  function dismiss() {
    if (!greeting) return;
    greeting.remove();
    greeting = null;
    store.set("greeted", 1);
  }

  const commands = {
    open: () => open(),
    close,
    toggle: () => (isOpen() ? close() : open()),
    show: () => (host.hidden = false),
    hide() {
      close();
      host.hidden = true;
    },
    on(event, listener) {
      if (typeof listener != "function") return warn("no function for", event);
      (listeners[event] ||= []).push(listener);
    },
    off(event, listener) {
      listeners[event] = (listeners[event] || []).filter((known) => known != listener);
    },
    language: setLanguage,
    color(color) {
      if (/^#[0-9a-f]{6}$/i.test(color)) accent(color);
      else warn("not a colour like #aabbcc:", color);
    },
    theme(theme) {
      if (["light", "dark", "auto"].includes(theme)) setTheme(theme);
      else warn("unknown theme", theme);
    },
    message: (text) => open().then(() => box && box.message(String(text))),
    group: (group) => store.set("group", String(group)),
    logout() {
      ["token", "seen", "open", "group"].forEach(store.remove);
      store.names("out:").forEach(store.remove);
      keepTrail([]);
      if (box) box.logout();
    },
  };

  function call(args) {
    const [command, ...rest] = args;
    if (typeof command == "function") return safely(() => command());
    if (!Object.hasOwn(commands, command)) return warn("unknown command", command);
    safely(() => commands[command](...rest));
  }

  async function start(tries) {
    let answer;
    const wanted = script.dataset.lang || document.documentElement.lang;
    const question = new URLSearchParams({ key, lang: wanted || navigator.language });
    try {
      answer = await fetch(`${base}/widget/config?${question}`, { credentials: "omit" });
      if (answer.ok) ctx.config = await answer.json();
    } catch {
      // The network, or an answer that is none: tried again below.
    }
    if (!ctx.config) {
      if (answer && [403, 404].includes(answer.status)) {
        return warn("this page may not show the chat; check the key and the allowed domains");
      }
      if (tries < RETRIES.length) setTimeout(start, RETRIES[tries], tries + 1);
      return;
    }
    const own = String(script.dataset.lang || "").slice(0, 2).toLowerCase();
    ctx.language = WORDS[own] ? own : WORDS[ctx.config.language] ? ctx.config.language : "en";
    draw();
    host.lang = ctx.language;
    follow();
    window.supportdesk = Object.assign((...args) => call(args), { live: true });
    Array.from(queue).concat(waiting).forEach(call);
    ctx.emit("ready");
    const reopen = store.get("open") && !ctx.isPhone();
    if (reopen) open({ focus: false });
    else if (store.get("token") || store.names("out:").length) load();
    else greet();
  }

  // Calls between now and the answer wait with those from before.
  const waiting = [];
  window.supportdesk = Object.assign((...args) => waiting.push(args), { live: true });
  const begin = () => start(0).catch(warn);
  if (document.body) begin();
  else addEventListener("DOMContentLoaded", begin);
})();
