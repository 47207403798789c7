/** A message's text as nodes: web addresses as links, hidden cards as labels. */

const LOCK = "M5 11h14a2 2 0 0 1 2 2v7a2 2 0 0 1-2 2H5a2 2 0 0 1-2-2v-7a2 2 0 0 1 2-2zM7 11V7a5 5 0 0 1 10 0v4";
const PARTS = /\[card ····(\d{4})\]|https?:\/\/[^\s<>"'`{}|\\^]+/gi;

export function rich({ h, icon, t }, text) {
  const nodes = [];
  let from = 0;
  for (const match of text.matchAll(PARTS)) {
    const found = match[1] ? match[0] : match[0].replace(/[.,;:!?)\]]+$/, "");
    const node = match[1]
      ? h("span", { class: "w-hidden" }, icon(LOCK), `${t("cardHidden")} ····${match[1]}`)
      : link(h, found);
    nodes.push(text.slice(from, match.index), node);
    from = match.index + found.length;
  }
  nodes.push(text.slice(from));
  return nodes;
}

function link(h, address) {
  let url;
  try {
    url = new URL(address);
  } catch {
    return address;
  }
  const attributes = { href: url.href, target: "_blank", rel: "noopener noreferrer nofollow" };
  return h("a", attributes, address);
}
