/* As a shop's own page code: tells the chat who is signed in, and who signed out. */
window.supportdesk ||= (...call) => (window.supportdesk._ ||= []).push(call);

const told = document.getElementById("customer");
if (told) {
  const { identity, information } = JSON.parse(told.textContent);
  supportdesk("identify", identity);
  supportdesk("customer", information);
}
const out = document.querySelector("[data-signs-out]");
if (out) out.addEventListener("click", () => supportdesk("logout"));
