/** From the script's address to a launcher that stands: settings, parts, first steps. */
import { safely, warn } from "./careful.js";
import { fill, h, uuid } from "./dom.js";
import { createLauncher, isPhone, speaks, svg } from "./launcher.js";
import { createApi, createCommands, createEvents } from "./page_api.js";
import { createSession } from "./session.js";
import { createStore } from "./store.js";
import { createTrail } from "./trail.js";

const RETRIES = [5000, 30000, 120000, 600000];

/** `dialect` is another page API that is spoken besides, and the file it comes in. */
export function start(dialect) {
  const file = dialect ? dialect.file : "widget.js";
  const running = document.currentScript;
  const isOurs = running && String(running.src).includes(`/${file}`);
  const script = isOurs ? running : document.querySelector(`script[src*="/${file}"]`);
  if (!script || safely(() => window.supportdesk && window.supportdesk.live)) return;
  const other = dialect && dialect.start();
  const key = script.dataset.key || (other && other.key);
  if (typeof key != "string" || !key) return warn("no key of a website");
  const base = script.src.slice(0, script.src.lastIndexOf(`/${file}`));
  const api = createApi("supportdesk");
  const begin = () => configure(0).catch(warn);

  async function configure(tries) {
    let config;
    let answer;
    const wanted = script.dataset.lang || document.documentElement.lang || navigator.language;
    try {
      answer = await fetch(`${base}/widget/config?${new URLSearchParams({ key, lang: wanted })}`, { credentials: "omit" });
      config = await answer.json();
    } catch {
      // The network, or an answer that is none: tried again below.
    }
    if (answer && answer.ok && config) return run(config);
    if (answer && [403, 404].includes(answer.status)) {
      if (config && config.error && config.error.code == "blocked") return;
      return warn("this page may not show the chat; check the key and the allowed domains");
    }
    if (tries < RETRIES.length) setTimeout(() => configure(tries + 1).catch(warn), RETRIES[tries]);
  }

  function run(config) {
    if (other) other.configured(config);
    const own = String(script.dataset.lang || "").slice(0, 2).toLowerCase();
    const events = createEvents();
    const ctx = { key, base, config, h, fill, uuid, svg, isPhone, ...events, store: createStore(key) };
    ctx.language = speaks(own) ? own : speaks(config.language) ? config.language : "en";
    // Without the number of unread messages that we put before it.
    ctx.title = () => safely(() => document.title.replace(/^\(\d+\) /, "")) || "";
    ctx.text = (name) => (config.texts[ctx.language] || {})[name] || "";
    ctx.session = createSession(ctx);
    const trail = createTrail(ctx);
    const parts = {};
    let box = null;

    /** Another file of the widget, made once; what fails is tried again next time. */
    function part(name, make) {
      const { assets } = config;
      const style = assets[name.replace("js", "css")];
      const fetched = () => Promise.all([import(assets[name]), style && ctx.style(style)]);
      parts[name] ||= fetched().then(([file]) => make(file));
      parts[name].catch((error) => {
        delete parts[name];
        warn(`${name} could not be loaded`, error);
      });
      return parts[name];
    }

    const load = () => part("box.js", (file) => (box = file.mount(ctx)));
    const person = () => part("person.js", (file) => file.createPerson(ctx, warn));

    async function open(options) {
      ctx.show(true);
      if (ctx.host.hidden) return;
      launcher.hush();
      try {
        await load();
        await box.open(options);
      } catch {
        // Said above.
      }
      return box;
    }

    const close = () => box && box.close();
    const launcher = createLauncher(ctx, other ? other.options : {}, { open, close });

    /** An agent began to talk, or the visitor turned out to be somebody known. */
    ctx.news = () => (box ? box.news() : load());
    ctx.changedHands = () => (box ? box.renew() : load());

    const commands = createCommands(ctx, launcher, {
      identify: (given) => person().then(({ identify }) => identify(given)),
      customer: (given) => person().then(({ customer }) => customer(given)),
      open,
      close,
      language: (language) => launcher.setLanguage(language) && box && box.language(),
      logout() {
        if (parts["person.js"]) person().then(({ forget }) => forget());
        const gone = ctx.session.logout();
        if (box) box.logout();
        trail.beginAnew();
        return gone;
      },
    });
    trail.follow();
    if (other) other.begin(ctx, commands);
    api.begin(commands);
    ctx.emit("ready");
    const { store } = ctx;
    const talks = ctx.session.token && (store.get("talk") || store.get("seen"));
    if (store.get("open") && !isPhone() && !ctx.host.hidden) open({ focus: false });
    else if (talks || store.names("out:").length) load().catch(() => {});
    else launcher.greet();
  }

  if (document.prerendering) document.addEventListener("prerenderingchange", begin, { once: true });
  else if (document.body) begin();
  else addEventListener("DOMContentLoaded", begin);
}
