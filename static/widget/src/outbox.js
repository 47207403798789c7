/** What was written and is not acknowledged yet: kept over reloads, in order.
 *
 * Each entry has a key of its own in the store, so tabs never overwrite each other;
 * the server knows an entry by its id, so two tabs may send the same one.
 */
const WAITS = [1000, 2000, 4000, 8000, 15000, 30000];
const FORGIVEN = [408, 425, 429];

export function createOutbox({ store, uuid }, { deliver, delivered, changed }) {
  let items = [];
  let flushing = false;
  let tries = 0;
  let timer;
  let last = 0;
  let cleared = 0;

  const nameOf = (item) => `out:${item.at}:${item.id}`;
  const save = (item) => {
    // Files cannot be kept; they live as long as the page. What was cleared stays away.
    if (!item.file && items.includes(item)) store.set(nameOf(item), item);
  };

  function reload() {
    const files = items.filter((item) => item.file);
    const known = new Map(items.map((item) => [item.id, item]));
    const stored = store
      .names("out:")
      .map(store.get)
      .filter((item) => item && item.id)
      .map((item) => Object.assign(known.get(item.id) || {}, item));
    items = [...files, ...stored].sort((a, b) => a.at - b.at);
    changed();
  }

  function add(fields) {
    last = Math.max(Date.now(), last + 1);
    const item = { id: uuid(), at: last, state: "sending", ...fields };
    items.push(item);
    save(item);
    changed();
    flush();
    return item;
  }

  function remove(id) {
    const item = items.find((one) => one.id == id);
    if (!item) return;
    items = items.filter((one) => one != item);
    store.remove(nameOf(item));
    changed();
  }

  function retry(id) {
    const item = items.find((one) => one.id == id);
    if (!item) return;
    item.state = "sending";
    item.error = "";
    save(item);
    hurry();
  }

  function hurry() {
    tries = 0;
    clearTimeout(timer);
    flush();
  }

  async function flush() {
    if (flushing) return;
    flushing = true;
    clearTimeout(timer);
    if (!navigator.onLine) stuck(true);
    try {
      for (;;) {
        const item = items.find((one) => one.state == "sending");
        if (!item) break;
        const before = cleared;
        try {
          const answer = await deliver(item);
          tries = 0;
          // Told first, so that the entry never leaves the screen in between. Of what was
          // cleared meanwhile, nobody here is to hear; what another tab has delivered, too,
          // is told to this one by its own answer only.
          if (cleared == before) await delivered(item, answer);
          remove(item.id);
        } catch (error) {
          const refused = error.status >= 400 && error.status < 500 && error.status != 401;
          if (!refused || FORGIVEN.includes(error.status)) throw error;
          item.state = "failed";
          item.error = error.message;
          save(item);
          changed();
        }
      }
      stuck(false);
    } catch (error) {
      const wait = error.status == 401 ? 200 : WAITS[Math.min(tries, WAITS.length - 1)];
      tries += 1;
      stuck(tries > 1 || !navigator.onLine);
      timer = setTimeout(flush, wait * (0.75 + Math.random() / 2));
    } finally {
      flushing = false;
    }
  }

  function stuck(now) {
    if (outbox.stuck != now) {
      outbox.stuck = now;
      changed();
    }
  }

  const outbox = {
    stuck: false,
    add,
    remove,
    retry,
    hurry,
    flush,
    reload,
    get items() {
      return items;
    },
    clear() {
      cleared += 1;
      items.forEach((item) => store.remove(nameOf(item)));
      items = [];
    },
  };
  return outbox;
}
