/** What a page may call, `supportdesk(command, …)`: nothing in it throws into the page. */
import { callsOf, safely, warn } from "./careful.js";

const EVENTS = ["ready", "open", "close", "unread", "message_sent", "message_received", "identified"];
const MOST_WAITING = 1000;
const MOST_TEXT = 10000;

export function createEvents() {
  const listeners = new Map();
  const of = (event) => listeners.get(event) || [];
  return {
    emit: (event, detail) => of(event).forEach((listener) => safely(() => listener(detail))),
    on(event, listener) {
      if (!EVENTS.includes(event)) return warn("unknown event", event);
      if (typeof listener != "function") return warn("no function for", event);
      listeners.set(event, [...of(event), listener]);
    },
    off: (event, listener) => listeners.set(event, of(event).filter((known) => known != listener)),
  };
}

/** `window[name]`, which keeps its calls until `begin` says what they do.
 *
 * A page's own stub is replaced; its queue goes on as ours, for whoever kept the stub.
 */
export function createApi(name) {
  const waiting = [];
  let commands = null;

  function call(args) {
    if (commands) run(args);
    else if (waiting.length < MOST_WAITING) waiting.push(args);
  }

  function run(args) {
    safely(() => {
      const [command, ...rest] = args;
      if (typeof command == "function") return command();
      if (!Object.hasOwn(commands, command)) return warn("unknown command", command);
      return commands[command](...rest);
    });
  }

  const live = (...args) => call(args);
  live.live = true;
  live._ = { push: (...calls) => calls.forEach((args) => safely(() => call(Array.from(args)))) };

  function install() {
    safely(() => {
      const stub = window[name];
      if (stub == live) return;
      const queue = stub && stub._;
      window[name] = live;
      if (!queue) return;
      callsOf(queue).forEach(call);
      Reflect.set(queue, "push", live._.push);
    });
  }

  install();
  return {
    begin(known) {
      // A page may have put its stub over ours meanwhile.
      install();
      commands = known;
      waiting.splice(0).forEach(call);
    },
  };
}

export function createCommands(ctx, launcher, { open, close, ...more }) {
  return {
    open: () => open(),
    close,
    toggle: () => (launcher.isOpen() ? close() : open()),
    show: () => ctx.show(true),
    hide: () => ctx.show(false),
    on: ctx.on,
    off: ctx.off,
    color: launcher.setColor,
    theme(theme) {
      if (["light", "dark", "auto"].includes(theme)) launcher.setTheme(theme);
      else warn("unknown theme", theme);
    },
    message: (text) => open().then((box) => box && box.message(String(text).slice(0, MOST_TEXT))),
    group(key) {
      const group = String(key);
      if (!ctx.config.group_keys.includes(group.toLowerCase())) warn("unknown group", group);
      ctx.store.set("group", group);
    },
    ...more,
  };
}
