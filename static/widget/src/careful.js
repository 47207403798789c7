/** Nothing of ours may throw into the page, not even by what it made of its console. */

const MOST_CALLS = 1000;

export function warn(...words) {
  try {
    console.warn("supportdesk:", ...words);
  } catch {
    // Then nobody wants to know.
  }
}

export function safely(work) {
  try {
    const result = work();
    if (result instanceof Promise) result.catch(warn);
    return result;
  } catch (error) {
    warn(error);
  }
}

/** The calls of a queue that a page made before; whatever it is by now. */
export function callsOf(queue) {
  const calls = [];
  safely(() => {
    const length = Math.min(queue.length, MOST_CALLS);
    for (let i = 0; i < length; i++) safely(() => calls.push(Array.from(queue[i])));
  });
  return calls;
}
