/** What the page says about its visitor: kept until there is a token, told once.
 *
 * A file of its own, loaded by the first page that says something.
 */
import { redact } from "../redact.js";

const MOST_KEYS = 100;
const LONGEST = { key: 64, label: 100, value: 1000, all: 32000 };
const PAUSE = 200;
const AT_MOST_EVERY = 2000;
const AGAIN = 45000;
// In the order in which they are told.
const KINDS = ["signed", "contact", "customer"];
const FIELDS = ["user_id", "email", "name", "phone"];

/** A value as it may be sent; undefined for what is none. Its label tells an order from a card. */
function plain(label, value) {
  if (value === null || typeof value == "boolean") return value;
  if (typeof value == "string" ? value.length > LONGEST.value : !Number.isFinite(value)) return;
  const head = `${label}: `;
  const hidden = redact(head + value);
  if (hidden == head + value) return value;
  return hidden.startsWith(head) ? hidden.slice(head.length) : redact(String(value));
}

function item(key, given) {
  if (!given || typeof given != "object") return plain(key, given);
  const { label, value } = given;
  if (label == null) return plain(key, value);
  const taken = plain(label, value);
  if (taken === undefined || typeof label != "string" || label.length > LONGEST.label) return;
  return { label: redact(label), value: taken };
}

/** Differs when anything differs; kept instead of what the page said. */
function printOf(...parts) {
  let hash = 1;
  const text = JSON.stringify(parts);
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 16777619);
  return `${text.length}:${hash}`;
}

export function createPerson(ctx, warn) {
  const { session, store } = ctx;
  const waiting = {};
  const answered = { signed: identified, contact: identified, customer };
  let telling = Promise.resolve();
  let visitors = 0;
  let timer;
  let last = 0;

  function plan(pause = Math.max(PAUSE, last + AT_MOST_EVERY - Date.now())) {
    clearTimeout(timer);
    timer = setTimeout(tell, pause);
  }

  function tell() {
    last = Date.now();
    const round = async () => {
      for (const kind of KINDS) await tellOne(kind);
    };
    return (telling = telling.then(round).catch(warn));
  }

  async function tellOne(kind) {
    const said = waiting[kind];
    const { token } = session;
    if (!said || !token) return;
    waiting[kind] = null;
    const [path, content] = kind == "customer" ? [kind, { items: said }] : ["identify", said];
    const name = `told:${kind}`;
    // A signature is another one each time. Once a day again: the desk may have lost it.
    const print = printOf(token, { ...said, ...(kind == "signed" && { signature: 0, expires: 0 }) }, new Date().toDateString());
    const kept = store.get(name);
    if (kept && kept.print === print) return answered[kind](kept);
    const visitor = visitors;
    try {
      const heard = await session.ask(path, content, token);
      if (visitor != visitors) return;
      if (kind != "signed" || heard.verified) store.set(name, { print, verified: heard.verified });
      answered[kind](heard);
    } catch ({ status, message }) {
      if (status && status != 401 && status < 500 && status != 429) return warn(path + ":", message);
      // Never as the next visitor's.
      if (visitor != visitors) return;
      waiting[kind] = kind == "signed" ? waiting[kind] || said : { ...said, ...waiting[kind] };
      if (status != 401) plan(AGAIN);
    }
  }

  function identified({ verified, reason, changed, switched, left_out }) {
    leftOut("identify", left_out);
    if (!verified && reason && reason != "unsigned") warn("identify: not verified,", reason);
    if (changed) {
      ["told:contact", "told:customer"].forEach(store.remove);
      // What one customer left unsent is not the next one's to send.
      if (switched) {
        [...store.names("out:"), "draft", "contact"].forEach(store.remove);
        store.set("left", Date.now());
      }
      ctx.changedHands();
    }
    ctx.emit("identified", { verified: Boolean(verified), reason: reason || "" });
  }

  function customer({ left_out }) {
    leftOut("customer", left_out);
  }

  function leftOut(call, keys = []) {
    if (keys.length) warn(`${call}: left out`, keys.slice(0, 20).join(", "), keys.length > 20 ? `and ${keys.length - 20} more` : "");
  }

  const isObject = (given) => given && typeof given == "object" && !Array.isArray(given);

  session.watch((token) => token && tell());

  return {
    /** Signed it is told as it is, for the signature is over these very words. */
    identify(given) {
      if (!isObject(given)) return warn("identify takes an object");
      const { signature, expires } = given;
      const said = {};
      for (const field of FIELDS) {
        const value = given[field];
        if (value == null || value === "") continue;
        const taken = plain(field == "user_id" ? "customer id" : field, value);
        if (typeof taken == "string" || typeof taken == "number") said[field] = String(signature ? value : taken);
        else warn("identify: left out", field);
      }
      if (signature) waiting.signed = { ...said, expires: Number(expires), signature: String(signature) };
      else if (Object.keys(said).length) waiting.contact = { ...waiting.contact, ...said };
      else return;
      plan();
    },
    customer(given) {
      if (!isObject(given)) return warn("customer takes an object");
      const kept = new Map(Object.entries(waiting.customer || {}));
      const left = [];
      let room = LONGEST.all - new Blob([JSON.stringify(Object.fromEntries(kept))]).size;
      for (const key of Object.keys(given)) {
        let value;
        try {
          if (key && key.length <= LONGEST.key && (kept.size < MOST_KEYS || kept.has(key))) value = item(key, given[key]);
        } catch {
          // A getter that throws.
        }
        const size = value === undefined ? Infinity : new Blob([key, JSON.stringify(value)]).size;
        if (size > room) left.push(key);
        else {
          room -= size;
          kept.set(redact(key), value);
        }
      }
      leftOut("customer", left);
      if (!kept.size) return;
      waiting.customer = Object.fromEntries(kept);
      plan();
    },
    forget() {
      visitors += 1;
      KINDS.forEach((kind) => (waiting[kind] = null));
    },
  };
}
