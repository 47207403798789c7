/** Elements without markup: nothing anybody wrote is ever parsed as HTML. */

export const ICONS = {
  x: "M18 6 6 18M6 6l12 12",
  down: "m6 9 6 6 6-6",
  clip: "m16 6-8.414 8.586a2 2 0 0 0 2.829 2.829l8.414-8.586a4 4 0 1 0-5.657-5.657l-8.379 8.551a6 6 0 1 0 8.485 8.485l8.379-8.551",
  smile: "M15 10V9M16.472 15a6 6 0 0 1-8.943 0M9 10V9M12 2a10 10 0 1 0 0 20a10 10 0 1 0 0-20",
  meh: "M15 10V9M8 16h8M9 10V9M12 2a10 10 0 1 0 0 20a10 10 0 1 0 0-20",
  frown: "M15 10V9M9 10V9M9 16a5 5 0 0 1 6 0M12 2a10 10 0 1 0 0 20a10 10 0 1 0 0-20",
  up: "m5 12 7-7 7 7M12 19V5",
  check: "M20 6 9 17l-5-5",
  checks: "M18 6 7 17l-5-5M22 10l-7.5 7.5L13 16",
  lock: "M5 11h14a2 2 0 0 1 2 2v7a2 2 0 0 1-2 2H5a2 2 0 0 1-2-2v-7a2 2 0 0 1 2-2zM7 11V7a5 5 0 0 1 10 0v4",
  alert: "M12 2a10 10 0 1 0 0 20a10 10 0 1 0 0-20M12 8v4M12 16h.01",
  mail: "m22 7-8.991 5.727a2 2 0 0 1-2.009 0L2 7M4 4h16a2 2 0 0 1 2 2v12a2 2 0 0 1-2 2H4a2 2 0 0 1-2-2V6a2 2 0 0 1 2-2z",
  bell: "M10.268 21a2 2 0 0 0 3.464 0M3.262 15.326A1 1 0 0 0 4 17h16a1 1 0 0 0 .74-1.673C19.41 13.956 18 12.499 18 8A6 6 0 0 0 6 8c0 4.499-1.411 5.956-2.738 7.326",
  bellOff: "M10.268 21a2 2 0 0 0 3.464 0M17 17H4a1 1 0 0 1-.74-1.673C4.59 13.956 6 12.499 6 8a6 6 0 0 1 .258-1.742M2 2l20 20M8.668 3.01A6 6 0 0 1 18 8c0 2.687.77 4.653 1.707 6.05",
  file: "M15 2H6a2 2 0 0 0-2 2v16a2 2 0 0 0 2 2h12a2 2 0 0 0 2-2V7zM14 2v4a2 2 0 0 0 2 2h4",
};

/** `h("p", { class: "x", onclick }, "text", node)`; null children are left out. */
export function h(name, attributes, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes || {})) {
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (value === true) element.setAttribute(key, "");
    else if (value !== false && value != null) element.setAttribute(key, value);
  }
  element.append(...children.flat().filter((child) => child != null && child !== false));
  return element;
}

export const fill = (text, values) =>
  text.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);

const PARTS = /\[card ····(\d{4})\]|https?:\/\/[^\s<>"'`{}|\\^]+/gi;

/** A message's text as nodes: web addresses as links, hidden cards as labels. */
export function rich(text, cardLabel, icon) {
  const nodes = [];
  let from = 0;
  for (const match of text.matchAll(PARTS)) {
    const found = match[1] ? match[0] : match[0].replace(/[.,;:!?)\]]+$/, "");
    const node = match[1]
      ? h("span", { class: "w-hidden" }, icon(ICONS.lock), `${cardLabel} ····${match[1]}`)
      : link(found);
    nodes.push(text.slice(from, match.index), node);
    from = match.index + found.length;
  }
  nodes.push(text.slice(from));
  return nodes;
}

function link(address) {
  let url;
  try {
    url = new URL(address);
  } catch {
    return address;
  }
  const attributes = { href: url.href, target: "_blank", rel: "noopener noreferrer nofollow" };
  return h("a", attributes, address);
}

export function uuid() {
  if (crypto.randomUUID) return crypto.randomUUID();
  // Pages without HTTPS have no randomUUID.
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 15) | 64;
  bytes[8] = (bytes[8] & 63) | 128;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}
