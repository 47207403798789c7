/** How the launcher and its bubble look; the host's colours serve the box too. */
export const LAUNCHER_CSS = `
:host {
  --w-on: #fff; --w-bg: #fff; --w-bg-2: #f4f4f5; --w-bg-3: #ececee; --w-line: #e3e3e6;
  --w-field: #8e8e96; --w-text: #1c1b1f; --w-text-2: #5d5c66; --w-good: #12763d;
  --w-mid: #855100; --w-bad: #b3261e; --w-ink: var(--w-accent); --w-tint: #f6f2ef;
  --w-press: var(--w-accent);
  --w-shadow: 0 0 0 1px rgba(20,20,30,.06), 0 12px 24px -8px rgba(20,20,30,.16), 0 32px 64px -16px rgba(20,20,30,.28);
  all: initial !important;
  position: fixed !important;
  z-index: 2147483000 !important;
  right: 20px !important;
  bottom: 20px !important;
  display: block !important;
  font: 400 14.5px/1.48 -apple-system, BlinkMacSystemFont, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif !important;
  color: var(--w-text) !important;
  text-align: left !important;
  color-scheme: light !important;
  -webkit-font-smoothing: antialiased !important;
}
:host([data-side="left"]) { right: auto !important; left: 20px !important; }
@supports (color: oklch(from red l c h)) {
  :host {
    --w-on: oklch(from var(--w-accent) calc(.17 + clamp(0, (.57 - l) * 1000, 1) * .83) 0 0);
    --w-ink: oklch(from var(--w-accent) min(l, .5) c h);
    --w-tint: oklch(from var(--w-accent) .97 min(c, .012) h);
    --w-press: oklch(from var(--w-accent) calc(l - .05) c h);
  }
}
:host([data-theme="dark"]) {
  --w-bg: #18181b; --w-bg-2: #242428; --w-bg-3: #303036; --w-line: #313137;
  --w-field: #7d7d87; --w-text: #f0eff2; --w-text-2: #aeadb7; --w-good: #6fd694;
  --w-mid: #f0bd62; --w-bad: #ff938a; --w-ink: #e9b29a; --w-tint: #222023;
  --w-shadow: 0 0 0 1px rgba(255,255,255,.09), 0 32px 64px -16px rgba(0,0,0,.7);
  color-scheme: dark !important;
}
@supports (color: oklch(from red l c h)) {
  :host([data-theme="dark"]) {
    --w-ink: oklch(from var(--w-accent) max(l, .78) min(c, .12) h);
    --w-tint: oklch(from var(--w-accent) .24 min(c, .02) h);
  }
}
:host([hidden]) { display: none !important; }
*, *::before, *::after { box-sizing: border-box; }
button { font: inherit; color: inherit; margin: 0; border: 0; background: none; padding: 0; cursor: pointer; text-align: inherit; }
svg { display: block; width: 20px; height: 20px; fill: none; stroke: currentColor; stroke-width: 1.9; stroke-linecap: round; stroke-linejoin: round; flex: none; }
:focus { outline: none; }
:focus-visible { outline: 2px solid var(--w-ink); outline-offset: 2px; }
.w-launch {
  position: relative; display: grid; place-items: center; width: 58px; height: 58px; margin-left: auto;
  border-radius: 50%; background: var(--w-accent); color: var(--w-on);
  box-shadow: 0 6px 18px -4px rgba(20,20,30,.38), inset 0 1px 0 rgba(255,255,255,.16);
  transition: background-color .12s, transform .18s cubic-bezier(.2,.7,.2,1);
}
:host([data-side="left"]) .w-launch { margin-left: 0; }
.w-launch:hover { background: var(--w-press); transform: translateY(-1px); }
.w-launch:focus-visible { outline-offset: 3px; }
.w-launch svg { width: 26px; height: 26px; grid-area: 1 / 1; }
.w-launch svg + svg, :host(:not([data-state="launcher"])) :is(.w-launch svg:first-child, .w-launch b, .w-greet) { display: none; }
:host(:not([data-state="launcher"])) .w-launch svg + svg { display: block; }
.w-launch b {
  position: absolute; top: -2px; right: -2px; display: grid; place-items: center; min-width: 21px; height: 21px;
  padding: 0 6px; border-radius: 11px; background: #c5221f; color: #fff; font-size: 12px; font-weight: 600;
  line-height: 1; box-shadow: 0 0 0 2px #fff;
}
.w-launch b:empty { display: none; }
.w-greet {
  position: relative; display: flex; gap: 12px; align-items: flex-start; width: 296px; max-width: calc(100vw - 40px);
  margin: 0 0 14px auto; padding: 14px 38px 14px 16px; border-radius: 16px; border-bottom-right-radius: 6px;
  background: var(--w-bg); box-shadow: var(--w-shadow); animation: w-rise .28s cubic-bezier(.2,.7,.2,1);
}
:host([data-side="left"]) .w-greet { margin-left: 0; border-radius: 16px 16px 16px 6px; }
.w-greet > button:first-of-type { flex: 1; min-width: 0; overflow-wrap: anywhere; }
.w-greet button > span { display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 6; overflow: hidden; white-space: pre-line; }
.w-greet small { display: block; color: var(--w-text-2); font-size: 12.5px; margin-bottom: 2px; }
.w-x { position: absolute; top: 6px; right: 6px; display: grid; place-items: center; width: 28px; height: 28px; border-radius: 8px; color: var(--w-text-2); }
.w-x:hover { background: var(--w-bg-2); color: var(--w-text); }
.w-x svg { width: 15px; height: 15px; }
@keyframes w-rise { from { opacity: 0; transform: translateY(10px); } }
@media (max-width: 520px) {
  :host { right: 14px !important; bottom: calc(14px + env(safe-area-inset-bottom)) !important; }
  :host([data-side="left"]) { right: auto !important; left: 14px !important; }
}
@media (prefers-reduced-motion: reduce) { * { animation: none !important; transition: none !important; } }`;
