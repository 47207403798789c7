/* The eye beside a password: shows what was typed, for as long as it is pressed in. */
for (const button of document.querySelectorAll('[data-show-password]')) {
  const input = document.getElementById(button.dataset.showPassword);
  if (!input) continue;
  button.hidden = false;
  const show = (on) => {
    input.type = on ? 'text' : 'password';
    button.setAttribute('aria-pressed', on);
  };
  button.addEventListener('click', () => {
    show(input.type === 'password');
    input.focus();
  });
  // Never sent or kept as plain text by the browser's form memory.
  input.form.addEventListener('submit', () => show(false));
}
