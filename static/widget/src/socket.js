/** The socket to the desk: dialled again when it breaks, given up when it is silent. */

const HEARTBEAT = 25000;
const PONG_WITHIN = 10000;
const LONGEST_WAIT = 30000;

/**
 * `hello` is what is said first, `heard` gets each frame, `ended` is told when frames
 * under way are lost. `closed` says whether to call `again` after a while.
 */
export function createSocket(address, { hello, heard, ended, closed, again }) {
  let socket = null;
  let ready = false;
  let attempts = 0;
  let dialling, beating, silent;

  function dial() {
    if (socket) return;
    clearTimeout(dialling);
    const mine = (socket = new WebSocket(address));
    const used = hello().token;
    mine.onopen = () => mine.send(JSON.stringify(hello()));
    mine.onmessage = (event) => mine == socket && heard(JSON.parse(event.data));
    mine.onclose = (event) => {
      if (mine != socket) return;
      hangUp();
      if (!closed(event.code, used, attempts + 1)) return;
      const wait = Math.min(LONGEST_WAIT, 500 * 2 ** Math.min(attempts, 6));
      attempts += 1;
      dialling = setTimeout(again, wait * (0.5 + Math.random() / 2));
    };
  }

  function hangUp() {
    const old = socket;
    socket = null;
    ready = false;
    clearInterval(beating);
    clearTimeout(silent);
    if (old) old.close();
    ended();
  }

  function redial() {
    hangUp();
    attempts = 0;
    again();
  }

  /** Not while it is closing, which is told only once it is closed. */
  const isOpen = () => ready && socket.readyState == WebSocket.OPEN;

  function say(content) {
    if (!isOpen()) return false;
    socket.send(JSON.stringify(content));
    return true;
  }

  function ping() {
    const mine = socket;
    if (!say({ type: "ping" })) return;
    clearTimeout(silent);
    silent = setTimeout(() => mine == socket && redial(), PONG_WITHIN);
  }

  return {
    get ready() {
      return isOpen();
    },
    dial,
    hangUp,
    redial,
    say,
    ping,
    /** The desk knows who speaks: from now on frames may be sent. */
    greeted() {
      ready = true;
      attempts = 0;
      clearInterval(beating);
      beating = setInterval(ping, HEARTBEAT);
    },
    answered: () => clearTimeout(silent),
  };
}
