/** Who this browser is to the desk: the token, and requests in its name. */
import { safely } from "./careful.js";

// A first message does not wait longer for what the page said about its visitor.
const SETTLE = 3000;

export function createSession(ctx) {
  const { store, base, key } = ctx;
  const watchers = [];
  let token = stored();
  let dead = "";
  let opening = null;
  let blocked = false;

  function stored() {
    const kept = store.get("token");
    return typeof kept == "string" ? kept : null;
  }

  function take(next) {
    token = next;
    return Promise.all(watchers.map((watcher) => safely(() => watcher(token))));
  }

  /** A POST that is sent even if the page is left; without `used` it costs no preflight. */
  async function ask(path, content, used) {
    if (blocked) throw refusal(403);
    const answer = await fetch(`${base}/widget/${path}`, {
      method: "POST",
      keepalive: true,
      credentials: "omit",
      headers: used ? { Authorization: `Bearer ${used}` } : {},
      body: JSON.stringify(content),
    });
    const said = await answer.json().catch(() => ({}));
    if (answer.ok) return said;
    const { code, message } = said.error || {};
    if (answer.status == 401) lose(used || content.token);
    if (code == "blocked") block();
    throw refusal(answer.status, message);
  }

  const refusal = (status, message) => Object.assign(new Error(message || status), { status });

  /** Tabs that begin at once take turns, so that they share one visitor. */
  function open() {
    const begin = async () => {
      if (token) return;
      if (blocked) throw refusal(403);
      let next = stored();
      if (!next || next == dead) {
        next = (await ask("session", { key, lang: ctx.language })).token;
        store.set("token", next);
      }
      await Promise.race([take(next), new Promise((go) => setTimeout(go, SETTLE))]);
    };
    const { locks } = navigator;
    opening ||= (locks ? locks.request(store.prefix, begin) : begin()).finally(() => (opening = null));
    return opening;
  }

  /** The desk does not know this token any more. */
  function lose(used) {
    if (!used || used != token) return;
    dead = used;
    if (stored() == dead) store.remove("token");
    ["talk", "seen"].forEach(store.remove);
    take(null);
  }

  function block() {
    blocked = true;
    take(null);
    ctx.show();
  }

  addEventListener("storage", (event) => {
    if (event.key != `${store.prefix}token`) return;
    const next = stored();
    // Another tab logged out, or began.
    if (token && next != token) lose(token);
    if (!token && next && next != dead && !blocked) take(next);
  });

  return {
    get token() {
      return token;
    },
    get blocked() {
      return blocked;
    },
    ask,
    open,
    lose,
    block,
    watch: (watcher) => watchers.push(watcher),
    /** Nothing of the visitor stays in this browser. */
    logout() {
      const used = token;
      store.names("").filter((name) => !["left", "token"].includes(name)).forEach(store.remove);
      // Before the token goes: other tabs do not send what they still hold as somebody else.
      store.set("left", Date.now());
      lose(used);
      store.remove("token");
      if (used) return ask("logout", {}, used);
    },
  };
}
