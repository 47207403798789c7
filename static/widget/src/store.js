/** What survives the page; in memory where the browser forbids storage. */

export function createStore(key) {
  const prefix = `supportdesk:${key}:`;
  const memory = new Map();
  return {
    prefix,
    get(name) {
      if (memory.has(name)) return memory.get(name);
      try {
        return JSON.parse(localStorage.getItem(prefix + name));
      } catch {
        return null;
      }
    },
    set(name, value) {
      try {
        localStorage.setItem(prefix + name, JSON.stringify(value));
        memory.delete(name);
      } catch {
        memory.set(name, value);
      }
    },
    remove(name) {
      memory.delete(name);
      try {
        localStorage.removeItem(prefix + name);
      } catch {
        // Then it was in memory only.
      }
    },
    names(start) {
      const found = new Set([...memory.keys()].filter((name) => name.startsWith(start)));
      try {
        for (let i = 0; i < localStorage.length; i++) {
          const name = localStorage.key(i);
          if (name.startsWith(prefix + start)) found.add(name.slice(prefix.length));
        }
      } catch {
        // Memory only.
      }
      return [...found].sort();
    },
  };
}
