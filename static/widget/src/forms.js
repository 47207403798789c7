/** Everything that is not the chat itself: before it, instead of it, after it. */
import { SIGNS } from "./forms_icons.js";
import { FORM_TEXTS } from "./forms_texts.js";

export const TEXTS = FORM_TEXTS;

let numbers = 0;

function field({ h, icon }, name, label, { hint, kind = "input", ...attributes }) {
  const id = `w-${name}-${++numbers}`;
  const input = h(kind, { id, name, ...attributes });
  const error = h("p", { class: "w-err", id: `${id}-error`, hidden: true });
  const head = h("label", { for: id }, label, hint && h("span", {}, ` (${hint})`));
  const element = h("div", { class: "w-field" }, head, input, error);
  return {
    name,
    input,
    element,
    complain(text) {
      error.replaceChildren(icon(SIGNS.alert), text || "");
      error.hidden = !text;
      input.setAttribute("aria-invalid", Boolean(text));
      if (text) input.setAttribute("aria-describedby", error.id);
      else input.removeAttribute("aria-describedby");
    },
  };
}

function head({ h }, title, line, ...buttons) {
  return h("div", { class: "w-head" }, h("div", { class: "w-head__text" }, h("h2", {}, title), h("p", {}, line)), ...buttons);
}

function closeButton({ h, t, icon, close }) {
  return h("button", { type: "button", "aria-label": t("minimise"), onclick: close }, icon(SIGNS.x));
}

/** Pre-chat form, or with `offline` the contact form. */
function contactForm(parts, offline) {
  const { ctx, h, line, t, pictures, done, redact, uuid } = parts;
  const { config, store } = ctx;
  const known = store.get("contact") || {};
  const ask = (name, label, attributes) => {
    const wish = offline && name == "email" ? "required" : config.ask[name];
    if (wish == "no") return null;
    const hint = wish == "required" ? "" : name == "email" ? t("emailHint") : t("optional");
    return field(parts, name, label, { hint, value: known[name] || "", required: wish == "required", ...attributes });
  };
  const groups = config.groups.length
    ? field(parts, "group", t("group"), { kind: "select" })
    : null;
  if (groups) {
    groups.input.append(h("option", { value: "" }, t("anyGroup")));
    groups.input.append(...config.groups.map((group) => h("option", { value: group.key }, group.name)));
    groups.input.value = store.get("group") || "";
  }
  const words = offline ? t("message") : t("question");
  const message = field(parts, "message", words, {
    kind: "textarea",
    rows: 3,
    maxlength: 10000,
    required: true,
    placeholder: offline ? "" : t("questionHint"),
  });
  message.input.value = store.get("draft") || "";
  message.input.addEventListener("input", () => store.set("draft", message.input.value));
  const fields = [
    ask("name", t("name"), { autocomplete: "name", maxlength: 255 }),
    ask("email", t("email"), { type: "email", autocomplete: "email", maxlength: 254, placeholder: "name@example.net" }),
    ask("phone", t("phone"), { type: "tel", autocomplete: "tel", maxlength: 50 }),
    groups,
    message,
  ].filter(Boolean);
  const problem = h("p", { class: "w-err", role: "alert", hidden: true });
  const button = h("button", { class: "w-btn", type: "submit" }, offline ? t("sendMessage") : t("start"));
  const form = h("form", { class: "w-form", novalidate: true }, fields.map((one) => one.element), problem, button, privacy(parts));
  let sentText = "";
  let id = uuid();

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const values = Object.fromEntries(fields.map((one) => [one.name, redact(one.input.value.trim())]));
    // The same words keep their id: asked twice, they are stored once.
    if (values.message != sentText) id = uuid();
    sentText = values.message;
    problem.hidden = true;
    button.disabled = true;
    fields.forEach((one) => one.complain(""));
    // The message may come in before the answer to it: the chat waits till then.
    done({ view: offline ? "offline" : "prechat" });
    try {
      if (values.group) store.set("group", values.group);
      await line.contact(values, id);
      store.set("contact", { name: values.name, email: values.email, phone: values.phone });
      store.set("draft", "");
      done(offline ? { view: "sent", email: values.email } : {});
    } catch (error) {
      done({});
      const errors = error.errors || {};
      const wrong = fields.filter((one) => errors[one.name]);
      wrong.forEach((one) => one.complain(errors[one.name]));
      if (wrong.length) wrong[0].input.focus();
      else {
        problem.textContent = error.message && error.status ? error.message : t("noNetwork");
        problem.hidden = false;
      }
    } finally {
      button.disabled = false;
    }
  });

  const agents = config.agents || [];
  const faces = h("span", { class: "w-faces" }, agents.map((agent, i) => pictures.face(agent, `w-face--${i + 1}`)));
  const title = offline ? ctx.text("offline") || t("offlineTitle") : ctx.text("welcome") || t("welcome");
  const intro = offline ? ctx.text("offline_intro") || t("offlineIntro") : ctx.text("intro") || team(parts, agents);
  const top = h("div", { class: "w-hero__top" }, faces, closeButton(parts));
  const when = offline && line.state.back && h("p", {}, back(parts, line.state.back));
  const element = h("div", {}, h("div", { class: "w-hero" }, top, h("h2", {}, title), h("p", {}, intro), when), form);
  return {
    element,
    focus: () => fields[0].input.focus(),
    isDirty: () => fields.some((one) => one.input.value && one.input.value != (known[one.name] || "")),
  };
}

/** When business hours begin again, in the visitor's own time zone. */
function back({ ctx, t }, at) {
  const begins = new Date(at);
  const say = (options) => begins.toLocaleString(ctx.language, options);
  const time = say({ hour: "numeric", minute: "2-digit", hourCycle: "h23" });
  const now = new Date();
  if (begins.toDateString() == now.toDateString()) return t("backToday", { time });
  // A weekday alone would also be the same one of this week.
  const far = begins - now > 6 * 864e5 && { day: "numeric", month: "long" };
  return t("backOn", { day: say({ weekday: "long", ...far }), time });
}

function team({ ctx, t }, agents) {
  const names = agents.map((agent) => agent.name).filter(Boolean);
  if (!names.length) return "";
  const list = new Intl.ListFormat(ctx.language, { type: "conjunction" }).format(names);
  return t(names.length > 1 && ctx.language == "de" ? "teamHerePlural" : "teamHere", { names: list });
}

function privacy({ ctx, h, t }) {
  const url = ctx.config.privacy_url;
  const link = url && h("a", { href: url, target: "_blank", rel: "noopener" }, t("privacy"));
  return h("p", { class: "w-foot" }, t("cards"), " ", link);
}

function sentView(parts, { email }) {
  const { ctx, h, t, icon, close, leave } = parts;
  // Closed first: what comes up next would count as seen.
  const back = () => {
    close();
    leave();
  };
  const button = h("button", { class: "w-btn w-btn--2", type: "button", onclick: back }, t("back"));
  const words = email ? t("sentTo", { email }) : t("sentHere");
  const done = h("div", { class: "w-done", role: "status" }, h("span", { class: "w-tick" }, icon(SIGNS.check)), h("h3", {}, t("sent")), h("p", {}, words), button);
  const element = h("div", {}, head(parts, ctx.config.name, ctx.text("subtitle"), closeButton({ ...parts, close: back })), done);
  return { element, focus: () => button.focus() };
}

function ratingForm(parts) {
  const { ctx, h, line, t, icon, done, skip, redact } = parts;
  const agent = line.state.agent;
  const top = head(parts, (agent && agent.name) || ctx.config.name, t("closed"), closeButton(parts));
  const choice = (value, label, path) => h("label", {}, h("input", { type: "radio", name: "rate", value, required: true }), icon(path), label);
  const title = `w-rate-${++numbers}`;
  const faces = h("div", { class: "w-faces3", role: "radiogroup", "aria-labelledby": title }, choice(5, t("good"), SIGNS.smile), choice(3, t("okay"), SIGNS.meh), choice(1, t("bad"), SIGNS.frown));
  const comment = field(parts, "comment", t("comment"), { kind: "textarea", rows: 2, hint: t("optional"), maxlength: 2000 });
  const problem = h("p", { class: "w-err", role: "alert", hidden: true });
  const later = h("button", { class: "w-btn w-btn--2", type: "button", onclick: skip }, t("goOn"));
  const form = h("form", { class: "w-rate" }, h("h3", { id: title }, t("rate")), faces, comment.element, problem, h("button", { class: "w-btn", type: "submit" }, t("sendRating")), later);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    try {
      await line.rate(Number(new FormData(form).get("rate")), redact(comment.input.value));
      done({ view: "thanks" });
    } catch (error) {
      problem.textContent = error.status ? error.message : t("noNetwork");
      problem.hidden = false;
    }
  });
  return { element: h("div", {}, top, h("div", { class: "w-slot" }), form), focus: () => faces.querySelector("input").focus() };
}

function thanksView(parts) {
  const { ctx, h, line, t, icon, leave } = parts;
  const status = h("p", { class: "w-note", role: "status" });
  const email = field(parts, "email", t("email"), { type: "email", autocomplete: "email", required: true, value: (ctx.store.get("contact") || {}).email || "" });
  const ask = h("form", { class: "w-ask", hidden: true, novalidate: true }, email.element, h("button", { class: "w-btn w-btn--2", type: "submit" }, t("sendTranscript")));
  const button = h("button", { class: "w-btn w-btn--2", type: "button", onclick: () => (line.state.hasEmail ? request("") : show()) }, icon(SIGNS.mail), t("transcript"));

  function show() {
    ask.hidden = false;
    button.hidden = true;
    email.input.focus();
  }

  async function request(address) {
    email.complain("");
    try {
      await line.transcript(address);
      ask.hidden = button.hidden = true;
      status.textContent = t("transcriptSent");
    } catch (error) {
      if (ask.hidden) show();
      email.complain((error.errors && error.errors.email) || error.message || t("noNetwork"));
    }
  }

  ask.addEventListener("submit", (event) => {
    event.preventDefault();
    request(email.input.value.trim());
  });
  const again = h("button", { class: "w-btn", type: "button", onclick: leave }, t("again"));
  const done = h("div", { class: "w-done", role: "status" }, h("span", { class: "w-tick" }, icon(SIGNS.smile)), h("h3", {}, t("thanks")), h("p", {}, t("thanksMore")));
  const element = h("div", {}, head(parts, ctx.config.name, ctx.text("subtitle"), closeButton(parts)), done, h("div", { class: "w-actions" }, again, button, ask, status));
  return { element, focus: () => again.focus() };
}

/** The views of this file, by the name of the state they belong to. */
export const VIEWS = {
  prechat: (parts) => contactForm(parts, false),
  offline: (parts) => contactForm(parts, true),
  sent: sentView,
  rating: ratingForm,
  thanks: thanksView,
};
