/** The one connection to the desk: opened anew for as long as the page lives. */

import { emit } from './bus.js';
import { get } from './request.js';

const FIRST_DELAY = 500;
const MAX_DELAY = 15_000;
const PING = 25_000;
const ANSWER = 35_000;
const QUICK_ANSWER = 5_000;
const SIGNED_OUT = 4401;
const RENEW = 4000;

let path = '';
let socket = null;
let attempt = 0;
let retryTimer;
let opened = false;
let checkedSession = false;
let heardAt = 0;
let askedAt = 0;
let patience = ANSWER;

const address = () => `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}${path}`;

export const isOpen = () => socket?.readyState === WebSocket.OPEN;

export function send(frame) {
  if (!isOpen()) return false;
  socket.send(JSON.stringify(frame));
  return true;
}

export function connect(to) {
  path = to;
  open();
  setInterval(check, 5_000);
  addEventListener('online', wake);
  addEventListener('offline', () => drop(MAX_DELAY));
  document.addEventListener('visibilitychange', () => !document.hidden && wake());
  // A page kept for the back button has lost its connection.
  addEventListener('pageshow', (event) => event.persisted && wake());
}

function open() {
  clearTimeout(retryTimer);
  let wasOpen = false;
  const mine = (socket = new WebSocket(address()));
  mine.onopen = () => {
    wasOpen = true;
    attempt = 0;
    checkedSession = false;
    heardAt = askedAt = Date.now();
    emit('socket:open', { again: opened });
    opened = true;
  };
  mine.onmessage = (event) => {
    heardAt = Date.now();
    const frame = JSON.parse(event.data);
    emit('frame', frame);
    emit(`frame:${frame.type}`, frame);
  };
  mine.onclose = (event) => {
    if (mine !== socket) return;
    if (event.code === SIGNED_OUT) return location.reload();
    if (!wasOpen) checkSession();
    drop(event.code === RENEW ? 0 : nextDelay());
  };
}

function nextDelay() {
  const limit = Math.min(FIRST_DELAY * 2 ** attempt++, MAX_DELAY);
  // Half fixed, half chance: a restarted server is not met by all at once.
  return limit / 2 + (Math.random() * limit) / 2;
}

/** Forget this connection, even one whose closing handshake hangs, and try again. */
function drop(delay) {
  const old = socket;
  socket = null;
  if (old) {
    old.onopen = old.onmessage = old.onclose = null;
    old.close();
    emit('socket:down');
  }
  clearTimeout(retryTimer);
  retryTimer = setTimeout(open, delay);
}

function ask(within) {
  askedAt = Date.now();
  patience = within;
  send({ type: 'ping' });
}

function check() {
  if (!isOpen()) return;
  const now = Date.now();
  const waiting = askedAt > heardAt;
  if (waiting && now - askedAt >= patience) drop(0);
  else if (!waiting && now - askedAt >= PING) ask(ANSWER);
}

function wake() {
  if (socket === null) {
    attempt = 0;
    open();
  } else if (isOpen() && Date.now() - heardAt > 5_000) ask(QUICK_ANSWER);
}

/** A refused handshake shows no reason: ask by HTTP whether we are signed out. */
async function checkSession() {
  if (checkedSession) return;
  try {
    checkedSession = true;
    await get(location.href, 'list');
  } catch (error) {
    // The server does not answer at all: ask again after the next try.
    if (error instanceof TypeError) checkedSession = false;
  }
}
