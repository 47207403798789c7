/** The launcher: the button, its badge and bubble, its colours and place, whether it shows. */
import { safely, warn } from "./careful.js";
import { h } from "./dom.js";
import { LAUNCHER_CSS } from "./launcher_css.js";
import { LAUNCHER_TEXTS } from "./launcher_texts.js";

const BUBBLE = "M7.9 20A9 9 0 1 0 4 16.1L2 22zM8 12h.01M12 12h.01M16 12h.01";
const DOWN = "m6 9 6 6 6-6";
const CROSS = "M18 6 6 18M6 6l12 12";
const GREET_DELAY = 4000;
const OWN_GREETING = "1";
const FARTHEST = 2000;
const HIGHEST = 2147483647;

export const speaks = (language) => Object.hasOwn(LAUNCHER_TEXTS, language);
export const isPhone = () => matchMedia("(max-width: 520px)").matches;
const isColor = (color) => typeof color == "string" && /^#[0-9a-f]{6}$/i.test(color);

export function svg(path) {
  const space = "http://www.w3.org/2000/svg";
  const image = document.createElementNS(space, "svg");
  const line = document.createElementNS(space, "path");
  image.setAttribute("viewBox", "0 0 24 24");
  image.setAttribute("aria-hidden", "true");
  line.setAttribute("d", path);
  image.append(line);
  return image;
}

const button = (attributes, ...children) => h("button", { type: "button", ...attributes }, ...children);

/** `options` is what a page may settle of the look; anything else in it is ignored. */
export function createLauncher(ctx, options, { open, close }) {
  const { config, store, session } = ctx;
  const host = h("support-widget");
  const root = host.attachShadow({ mode: "open" });
  const badge = h("b");
  const toggle = () => (isOpen() ? close() : open());
  const launch = button({ class: "w-launch", onclick: toggle }, svg(BUBBLE), svg(DOWN), badge);
  const side = ["left", "right"].includes(options.orientation) ? options.orientation : config.side;
  let color = isColor(options.color) ? options.color : config.color;
  let wish = null;
  let bubble = null;
  let unread = 0;

  /** Constructed sheets stand outside the page's content security policy. */
  function sheet(css) {
    if ("adoptedStyleSheets" in Document.prototype) {
      const made = new CSSStyleSheet();
      made.replaceSync(css);
      root.adoptedStyleSheets = [...root.adoptedStyleSheets, made];
      return (changed) => made.replaceSync(changed);
    }
    const style = h("style", {}, css);
    root.append(style);
    return (changed) => (style.textContent = changed);
  }

  function look() {
    const rules = [`--w-accent: ${color}`];
    const place = (name, value, highest, unit) => {
      const number = parseInt(value, 10);
      if (number >= 0) rules.push(`${name}: ${Math.min(number, highest)}${unit} !important`);
    };
    place("z-index", options.zIndex, HIGHEST, "");
    place(side, options.offsetX, FARTHEST, "px");
    place("bottom", options.offsetY, FARTHEST, "px");
    return `:host([data-side]) { ${rules.join("; ")}; }`;
  }

  function setTheme(theme) {
    const dark = matchMedia("(prefers-color-scheme: dark)");
    const apply = () => (host.dataset.theme = theme == "auto" ? (dark.matches ? "dark" : "light") : theme);
    dark.onchange = apply;
    apply();
  }

  const isOpen = () => host.dataset.state != "launcher";

  function label() {
    const words = LAUNCHER_TEXTS[ctx.language];
    const news = unread ? `, ${unread} ${unread > 1 ? words.newMessages : words.newMessage}` : "";
    launch.setAttribute("aria-label", isOpen() ? words.close : words.open + news);
    launch.setAttribute("aria-expanded", isOpen());
  }

  // Whether it shows

  function isVisible() {
    if (session.blocked || (options.hideMobileWidget && isPhone())) return false;
    if (wish != null) return wish;
    if (store.get("talk") == "open") return true;
    return !(options.hideWidget || (options.hideOfflineChat && !ctx.config.online));
  }

  function show(wanted) {
    if (wanted != null) wish = wanted;
    const visible = isVisible();
    if (!visible && (wish == false || session.blocked)) close();
    host.hidden = !visible && !isOpen();
  }

  // The bubble

  function say(id, from, text, face) {
    const words = button({ onclick: () => open() }, h("small", {}, from), h("span", {}, text));
    const label = LAUNCHER_TEXTS[ctx.language].dismiss;
    const cross = button({ class: "w-x", "aria-label": label, onclick: () => hush(id) }, svg(CROSS));
    if (bubble) bubble.remove();
    bubble = h("div", { class: "w-greet", role: "status", "data-id": id }, face, words, cross);
    launch.before(bubble);
  }

  function hush(id = bubble && bubble.dataset.id) {
    if (!bubble) return;
    bubble.remove();
    bubble = null;
    store.set("greeted", id);
  }

  sheet(LAUNCHER_CSS);
  const setLook = sheet(look());
  host.dataset.state = "launcher";
  host.dataset.side = side;
  host.lang = ctx.language;
  setTheme(config.theme);
  label();
  show();
  root.append(launch);
  (document.body || document.documentElement).append(host);
  new MutationObserver(label).observe(host, { attributeFilter: ["data-state"] });

  Object.assign(ctx, {
    host,
    root,
    launcher: launch,
    show,
    style: (address) => fetch(address).then((answer) => answer.text()).then(sheet),
    setUnread(count) {
      if (count != unread) ctx.emit("unread", count);
      unread = count;
      safely(() => {
        const title = count ? `(${count}) ${ctx.title()}` : ctx.title();
        if (title != document.title) document.title = title;
      });
      badge.textContent = count ? (count > 99 ? "99+" : count) : "";
      label();
    },
    /** What an agent said to somebody who did not write: null takes it back. */
    agentSays(message, from, face) {
      const shown = bubble && bubble.dataset.id;
      const id = message ? message.id : null;
      if (id == shown || (!id && shown == OWN_GREETING)) return;
      if (id && store.get("greeted") != id) say(id, from, message.text, face());
      else if (bubble) {
        bubble.remove();
        bubble = null;
      }
    },
  });

  return {
    isOpen,
    hush,
    setTheme,
    /** The website's own words, to somebody who is new here. */
    greet() {
      const text = ctx.text("greet");
      if (!text || !config.online || store.get("greeted") || isPhone()) return;
      setTimeout(() => isOpen() || host.hidden || bubble || say(OWN_GREETING, config.name, text), GREET_DELAY);
    },
    setColor(wanted) {
      if (!isColor(wanted)) return warn("not a colour like #aabbcc:", wanted);
      color = wanted;
      setLook(look());
    },
    setLanguage(language) {
      const code = String(language).slice(0, 2).toLowerCase();
      if (!speaks(code)) return warn("unsupported language", language);
      ctx.language = code;
      host.lang = code;
      label();
      return true;
    },
  };
}
