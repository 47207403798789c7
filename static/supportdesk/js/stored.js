/** Short facts that all tabs of this browser share. */

// Storage may be full or forbidden; then each tab remembers for itself.
const own = new Map();

export function read(name) {
  try {
    return localStorage.getItem(name);
  } catch {
    return own.get(name) ?? null;
  }
}

export function write(name, value) {
  try {
    localStorage.setItem(name, value);
  } catch {
    own.set(name, value);
  }
}

export function remove(name) {
  own.delete(name);
  try {
    localStorage.removeItem(name);
  } catch {
    // What cannot be written is not there.
  }
}
