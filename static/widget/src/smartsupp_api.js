/** The public page API of Smartsupp, for sites that move over: `smartsupp(command, …)`. */
import { safely, warn } from "./careful.js";
import { createApi } from "./page_api.js";

const EVENT_NAMES = { message_sent: "message_sent", message_received: "message_received", messenger_close: "close" };
const LENGTHS = { name: 255, email: 255, phone: 50 };

/** The page's options, read once and only what is plain: they may be anything. */
function optionsOf(page) {
  const options = Object.create(null);
  const take = (name) => {
    const value = page[name];
    if (["string", "number", "boolean"].includes(typeof value)) options[name] = value;
  };
  safely(() => Object.keys(page).forEach((name) => safely(() => take(name))));
  return options;
}

/** Those of its options that are the website's settings here. */
function settle(config, { ratingEnabled, requireLogin, privacyNoticeEnabled, privacyNoticeUrl }) {
  if (typeof ratingEnabled == "boolean") config.rating = ratingEnabled;
  if (requireLogin === true) config.prechat = true;
  if (/^https?:\/\//.test(privacyNoticeUrl)) config.privacy_url = privacyNoticeUrl;
  if (privacyNoticeEnabled === false) config.privacy_url = "";
}

export const smartsupp = {
  file: "loader.js",
  start() {
    const options = optionsOf(safely(() => window._smartsupp) || {});
    const api = createApi("smartsupp");
    return {
      options,
      key: options.key,
      configured: (config) => settle(config, options),
      begin: (ctx, commands) => begin(ctx, commands, options, api),
    };
  },
};

function begin(ctx, own, options, api) {
  const { store } = ctx;
  const text = (name) => (value) => {
    if (typeof value != "string") return warn("no text for", name);
    return own.identify({ [name]: value.slice(0, LENGTHS[name]) });
  };
  // No effect yet: for the recorder of visits, once there is one.
  const consent = (name) => (value) => {
    if (typeof value != "boolean") return warn("true or false for", name);
    store.set("consent", { ...store.get("consent"), [name]: value });
  };
  const onThisPage = (value) => (ctx.recording = !value);
  const recordingOff = consent("recordingOff");

  if (options.recordingDisable) onThisPage(true);
  if (typeof options.recordingOff == "boolean") recordingOff(options.recordingOff);
  document.addEventListener("click", (event) => safely(() => clicked(event)));

  /** Elements of the page with its old attributes; what they say is never sent unseen. */
  function clicked(event) {
    const element = event.target.closest && event.target.closest('[data-api="smartsupp"]');
    if (!element) return;
    const { operation, text } = element.dataset;
    if (!["open", "send"].includes(operation)) return warn("unknown operation", operation);
    event.preventDefault();
    return operation == "send" && text ? own.message(text) : own.open();
  }

  api.begin({
    name: text("name"),
    email: text("email"),
    phone: text("phone"),
    variables: own.customer,
    group: own.group,
    language: own.language,
    "chat:open": own.open,
    "chat:close": own.close,
    "chat:show": own.show,
    "chat:hide": own.hide,
    "chat:message": own.message,
    "theme:color": (color) => own.color(color && typeof color == "object" ? color.color : color),
    on(event, listener) {
      if (Object.hasOwn(EVENT_NAMES, event)) own.on(EVENT_NAMES[event], listener);
      else warn("unknown event", event);
    },
    analyticsConsent: consent("analytics"),
    marketingConsent: consent("marketing"),
    "recording:disable": onThisPage,
    "recording:off": recordingOff,
    logout: own.logout,
  });
}
