/* A form that asks for a time zone begins with the one this device is in. */
const own = Intl.DateTimeFormat().resolvedOptions().timeZone;
for (const select of document.querySelectorAll('select[data-own-time-zone]')) {
  const isRefused = select.form.querySelector('.field__error');
  if (!isRefused && [...select.options].some((option) => option.value === own)) {
    select.value = own;
  }
}
