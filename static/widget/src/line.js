/** The line to the desk: one conversation, kept up to date by socket or by asking. */
import { createHttp, Refused } from "./http.js";
import { createOutbox } from "./outbox.js";
import { createSocket } from "./socket.js";
import { redact } from "../redact.js";

const ACK_WITHIN = 10000;
const SOCKET_WITHIN = 3000;
const POLL_OPEN = 4000;
const POLL_CLOSED = 30000;
const REFRESH = 30000;
const TYPING_LASTS = 7000;
const TYPING_PAUSE = 3000;
const GONE = 4401;
const FOREIGN = 4403;
const BLOCKED = 4423;

export function createLine(ctx, changed, arrived, parted) {
  const { store, config, session } = ctx;
  const state = { conversation: null, messages: new Map(), last: 0, earlier: false, typing: false };
  Object.assign(state, { online: config.online, back: config.back, agent: null, hasEmail: false, active: false });
  const pending = new Map();
  let left = store.get("left");
  let stopped = false;
  let catching = null;
  let behind = false;
  let waiters = [];
  let typingAt = 0;
  const timers = {};

  const later = (name, work, delay) => {
    clearTimeout(timers[name]);
    timers[name] = setTimeout(work, delay);
  };
  const http = createHttp(ctx.base, session);
  const outbox = createOutbox(ctx, { deliver, delivered, changed });
  let asked;
  const hello = () => {
    asked = about();
    return { type: "hello", token: session.token, after: state.last || null };
  };
  const socket = createSocket(config.socket, { hello, heard, ended, closed, again: connect });

  // The token

  session.watch((token) => {
    if (token) return connect();
    forget();
    socket.hangUp();
    farewell();
    // The desk may merely have lost the token: then it goes out with the next one.
    if (outbox.items.length) outbox.hurry();
    changed();
  });

  function forget() {
    Object.assign(state, { conversation: null, messages: new Map(), last: 0, earlier: false });
    Object.assign(state, { agent: null, typing: false });
  }

  /** Who logged out or became another customer, in whichever tab, leaves nothing unsent. */
  function farewell() {
    const now = store.get("left");
    if (now == left) return;
    left = now;
    outbox.clear();
    parted();
  }

  /** There is nothing of theirs to be seen for who comes now. */
  function clear() {
    ["talk", "seen"].forEach(store.remove);
    forget();
  }

  // What comes in

  /** The thread that a question goes on with, if it does. */
  const about = () => state.last && state.messages;

  function adopt(conversation) {
    if (!conversation) return;
    if (state.conversation && state.conversation.id != conversation.id) forget();
    state.conversation = conversation;
    // The next page asks for it at once.
    store.set("talk", conversation.status);
  }

  /** A page of the thread; returns whether there is more to ask for. */
  function absorb(thread, of) {
    // Another tab made this browser somebody else's, who has none. An answer that is
    // older than the first message knows of none either.
    if (!thread.conversation && of == state.messages) clear();
    const first = !state.last;
    const newest = first ? -1 : state.last;
    adopt(thread.conversation);
    // Another tab began the next conversation: this is a piece from its middle.
    if (!first && !state.last) return true;
    Object.assign(state, { online: thread.online, back: thread.back, agent: thread.agent, hasEmail: thread.has_email });
    if (first) state.earlier = thread.more;
    thread.messages.forEach((message) => {
      state.messages.set(message.id, message);
      state.last = Math.max(state.last, message.seq);
    });
    changed();
    if (newest >= 0) thread.messages.filter((message) => message.seq > newest).forEach(arrived);
    return !first && thread.more;
  }

  /** One entry from the socket; a gap before it means that something was missed. */
  function take(message) {
    const known = state.messages.has(message.id);
    if (message.agent) state.agent = message.agent;
    if (message.by == "agent") state.typing = false;
    state.messages.set(message.id, message);
    if (message.seq > state.last + 1) {
      changed();
      return catchUp();
    }
    state.last = Math.max(state.last, message.seq);
    changed();
    if (!known) arrived(message);
  }

  /** What is missed while an answer is under way may not be in it: one more round. */
  function catchUp() {
    behind = true;
    catching ||= (async () => {
      try {
        while (behind && session.token) {
          behind = false;
          const used = session.token;
          const { messages } = state;
          const of = about();
          const thread = await http.get(`conversation${of ? `?after=${state.last}` : ""}`);
          // What was asked for a thread that is gone meanwhile may be its former visitor's.
          if (used == session.token && (messages != state.messages || absorb(thread, of))) behind = true;
        }
      } catch (error) {
        later("catch", catchUp, 2000);
      } finally {
        catching = null;
      }
    })();
    return catching;
  }

  async function earlier() {
    const first = Math.min(...[...state.messages.values()].map((message) => message.seq));
    const thread = await http.get(`conversation?before=${first}`);
    thread.messages.forEach((message) => state.messages.set(message.id, message));
    state.earlier = thread.more;
    changed();
  }

  // The socket

  function connect() {
    if (session.token && !stopped) socket.dial();
  }

  /** Whether to dial again. */
  function closed(code, used, attempts) {
    if (code == GONE) return session.lose(used);
    if (code == BLOCKED) return session.block();
    stopped = code == FOREIGN;
    // Meanwhile by asking: some networks let no socket through.
    if (!stopped && attempts > 2) poll();
    return !stopped;
  }

  const handlers = {
    ready(content) {
      socket.greeted();
      clearTimeout(timers.poll);
      if (absorb(content, asked)) catchUp();
      release();
      outbox.hurry();
    },
    ack: (content) => settle(content.client_id, (wait) => wait.resolve(content)),
    nack(content) {
      const status = content.error.code == "rate_limited" ? 429 : 422;
      settle(content.client_id, (wait) => wait.reject(new Refused(status, content)));
    },
    message(content) {
      adopt(content.conversation);
      take(content.message);
    },
    state(content) {
      adopt(content.conversation);
      if (content.conversation.seq > state.last) catchUp();
      changed();
    },
    typing(content) {
      state.typing = content.active;
      if (content.active) later("typing", () => handlers.typing({ active: false }), TYPING_LASTS);
      changed();
    },
    online(content) {
      state.online = content.online;
      state.back = content.back;
      changed();
    },
    pong: socket.answered,
  };

  function heard(content) {
    if (Object.hasOwn(handlers, content.type)) handlers[content.type](content);
  }

  function settle(id, done) {
    const wait = pending.get(id);
    pending.delete(id);
    if (wait) done(wait);
  }

  function release() {
    waiters.forEach((go) => go());
    waiters = [];
  }

  function ended() {
    [...pending.keys()].forEach((id) => settle(id, (wait) => wait.reject(new Refused(0, {}))));
    release();
  }

  function poll() {
    later("poll", async () => {
      if (socket.ready || !session.token) return;
      await catchUp();
      poll();
    }, state.active ? POLL_OPEN : POLL_CLOSED);
  }

  // What goes out

  async function deliver(item) {
    if (!session.token) await session.open();
    if (!item.file && !socket.ready) {
      connect();
      await new Promise((go) => {
        waiters.push(go);
        setTimeout(go, SOCKET_WITHIN);
      });
    }
    // Whose it was may be gone by now.
    if (!outbox.items.includes(item)) throw new Refused(0, {});
    if (item.file) {
      return http.upload(item, (part) => {
        item.progress = part;
        changed();
      });
    }
    const content = { client_id: item.id, text: item.text, page: item.page, group: item.group };
    if (!socket.ready) return http.post("messages", content);
    return new Promise((resolve, reject) => {
      pending.set(item.id, { resolve, reject });
      socket.say({ type: "message", ...content });
      setTimeout(() => {
        if (!pending.has(item.id)) return;
        reject(new Refused(0, {}));
        socket.redial();
      }, ACK_WITHIN);
    });
  }

  async function delivered(item, answer) {
    const { message, conversation } = answer;
    const id = conversation.id || conversation;
    // Not where this tab is: the next conversation, or a retry of what a former one holds.
    if (state.conversation && state.conversation.id != id) await catchUp();
    else {
      if (conversation.id) adopt(conversation);
      else if (state.conversation) state.conversation.status = "open";
      else adopt({ id, status: "open", seq: message.seq, seen: 0, rating: null });
      take(message);
    }
    connect();
    ctx.emit("message_sent", { content: { text: message.text } });
  }

  const page = () => ({ url: location.href.slice(0, 4000), title: ctx.title().slice(0, 400) });
  const common = () => ({ page: page(), group: store.get("group") || "" });

  function send(text) {
    typing(false);
    return outbox.add({ text: redact(text), ...common() });
  }

  function typing(active) {
    const now = Date.now();
    if (!state.conversation || (active ? now - typingAt < TYPING_PAUSE : !typingAt)) return;
    typingAt = active ? now : 0;
    socket.say({ type: "typing", active });
  }

  function seen(seq) {
    if (!socket.say({ type: "seen", seq })) http.post("seen", { seq }).catch(() => {});
  }

  async function contact(fields, id) {
    if (!session.token) await session.open();
    const answer = await http.post("contact", { ...common(), ...fields, client_id: id });
    if (fields.email) state.hasEmail = true;
    if (answer.message) await delivered({}, answer);
    changed();
  }

  async function rate(rating, comment) {
    adopt((await http.post("rating", { rating, comment })).conversation);
    changed();
  }

  async function transcript(email) {
    await http.post("transcript", { email });
    state.hasEmail = true;
  }

  // Life of the page

  function wake() {
    farewell();
    if (!session.token) return;
    if (socket.ready) return socket.ping();
    socket.redial();
    outbox.hurry();
  }

  /** While the box is open without a conversation: is somebody there now? */
  function refresh() {
    later("refresh", async () => {
      if (!state.active) return;
      if (!session.token && !document.hidden) {
        try {
          const fresh = await http.get(`config?key=${encodeURIComponent(ctx.key)}`);
          state.online = fresh.online;
          state.back = fresh.back;
          config.agents = fresh.agents;
          changed();
        } catch {
          // Asked again next time.
        }
      }
      refresh();
    }, REFRESH);
  }

  addEventListener("online", wake);
  document.addEventListener("visibilitychange", () => document.hidden || wake());
  // Lets the browser keep the page for "back", and begins again when it does.
  addEventListener("pagehide", socket.hangUp);
  addEventListener("pageshow", (event) => event.persisted && wake());
  addEventListener("storage", (event) => {
    const name = (event.key || "").startsWith(store.prefix) ? event.key.slice(store.prefix.length) : "";
    if (name.startsWith("out:")) outbox.reload();
    if (name == "seen") changed();
    if (name == "left") farewell();
  });
  // Takes over what a tab that was closed did not get rid of.
  setInterval(() => {
    outbox.reload();
    outbox.flush();
  }, REFRESH);

  return {
    state,
    start() {
      outbox.reload();
      outbox.flush();
      connect();
    },
    outbox,
    farewell,
    send,
    sendFile: (file, text = "") => outbox.add({ file, text: redact(text), ...common() }),
    typing,
    seen,
    contact,
    rate,
    transcript,
    earlier,
    blob: (path) => http.get(path),
    setActive(active) {
      state.active = active;
      if (active) refresh();
    },
    /** What came meanwhile; by the socket it comes by itself. */
    news() {
      if (socket.ready) catchUp();
      else wake();
    },
    /** The same browser, but another visitor's thread. */
    renew() {
      farewell();
      clear();
      socket.redial();
      changed();
    },
  };
}
