/** The page that stands in for one that could not be fetched: tries that one again. */

const FIRST_DELAY = 3_000;
const MAX_DELAY = 30_000;

let delay = FIRST_DELAY;

async function look() {
  try {
    // Any answer is one of the desk, even that it is being restarted.
    const response = await fetch('/healthz', { cache: 'no-store' });
    if (response.ok) return location.reload();
  } catch {
    // Not yet.
  }
  delay = Math.min(delay * 1.5, MAX_DELAY);
  setTimeout(look, delay);
}

setTimeout(look, delay);
addEventListener('online', () => location.reload());
document.querySelector('[data-retry]').addEventListener('click', (event) => {
  event.preventDefault();
  location.reload();
});
