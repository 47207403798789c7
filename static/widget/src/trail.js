/** Which pages the visitor sees: told by one small request each, and by a heartbeat. */
import { safely, warn } from "./careful.js";

const MOST_PAGES = 20;
// The desk takes 64 kB, and so do browsers of what is sent as a page is left.
const MOST_TOLD = 48000;
const VIEW_DELAY = 500;
const BEAT = 45000;

export function createTrail(ctx) {
  const { session, store } = ctx;
  const name = `${store.prefix}trail`;
  // The pages of this tab: kept here until there is a visitor whose trail they are.
  let trail = [];
  let viewing;
  let beating;
  let lastUrl;
  let told = 0;
  let renewed = false;
  try {
    trail = JSON.parse(sessionStorage.getItem(name)) || [];
  } catch {
    // This page's own, then.
  }

  function keep(pages) {
    trail = pages.slice(-MOST_PAGES);
    while (JSON.stringify(trail).length > MOST_TOLD) trail.shift();
    try {
      sessionStorage.setItem(name, JSON.stringify(trail));
    } catch {
      // In memory only.
    }
  }

  function viewed() {
    // Behind "#/" some pages without reload keep their own path.
    const url = location.href.replace(/#(?!!?\/).*/, "").slice(0, 2000);
    if (url == lastUrl) return;
    const referrer = lastUrl == null ? document.referrer.slice(0, 2000) : "";
    lastUrl = url;
    renewed = false;
    clearTimeout(viewing);
    // Pages without reload set their title after the address.
    viewing = setTimeout(() => {
      const title = ctx.title().slice(0, 200);
      keep([...trail, { url, title, referrer, at: Date.now() }]);
      report().catch(warn);
    }, VIEW_DELAY);
  }

  /** The true versions, where the browser tells them; user agents hide them. */
  const device = (async () => {
    const data = navigator.userAgentData;
    const told = data && (await data.getHighEntropyValues(["platformVersion", "fullVersionList", "model"]));
    return { ...told, touch: navigator.maxTouchPoints > 1 };
  })().catch(() => null);
  let known = null;
  device.then((found) => (known = found));

  /** What is not told yet; not told again, for a page that is left hears no answer. */
  function take(state) {
    const pages = trail.map(({ at, ...page }) => ({ ...page, ago: Math.round((Date.now() - at) / 1000) }));
    const content = { token: session.token, state };
    told = Date.now();
    if (!pages.length) return content;
    keep([]);
    const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
    return { ...content, pages, device: known, time_zone: timeZone };
  }

  async function report() {
    beat();
    await device;
    if (session.blocked) return;
    if (!session.token) {
      // Its watcher reports as soon as there is one; a failure waits for the next beat.
      if (ctx.config.track && trail.length) session.open().catch(() => {});
      return;
    }
    const batch = trail;
    const content = take("here");
    try {
      if ((await session.ask("visit", content)).news) ctx.news();
    } catch ({ status }) {
      if (!status || status == 401 || status > 413) keep([...batch, ...trail]);
      if (status != 401 || renewed) return;
      renewed = true;
      report();
    }
  }

  function beat() {
    clearTimeout(beating);
    beating = setTimeout(() => (document.hidden ? beat() : report()), BEAT);
  }

  function leave() {
    clearTimeout(beating);
    if (!session.token) return;
    const batch = trail;
    // Left for the next page, if the browser takes no more.
    if (!navigator.sendBeacon(`${ctx.base}/widget/visit`, JSON.stringify(take("left")))) keep(batch);
  }

  session.watch((token) => {
    if (token && trail.length) report();
  });

  return {
    follow() {
      ["pushState", "replaceState"].forEach((name) =>
        safely(() => {
          const own = history[name];
          history[name] = function (...args) {
            const result = own.apply(this, args);
            safely(viewed);
            return result;
          };
        }),
      );
      addEventListener("popstate", viewed);
      addEventListener("pagehide", () => safely(leave));
      addEventListener("pageshow", (event) => event.persisted && report());
      document.addEventListener("visibilitychange", () => {
        if (!document.hidden && Date.now() - told > BEAT) report();
      });
      viewed();
    },
    /** The page again, as the first one of somebody else. */
    beginAnew() {
      keep([]);
      lastUrl = "";
      viewed();
    },
  };
}
