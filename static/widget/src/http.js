/** Requests to the desk, with the visitor's token once there is one. */

export class Refused extends Error {
  constructor(status, answer) {
    super((answer.error && answer.error.message) || "");
    this.status = status;
    this.errors = answer.errors || {};
  }
}

const TIMEOUT = 20000;

export function createHttp(base, session) {
  async function ask(method, path, body) {
    const used = session.token;
    const options = { method, headers: {}, credentials: "omit", cache: "no-store" };
    if (used) options.headers.Authorization = `Bearer ${used}`;
    if (body) {
      options.headers["Content-Type"] = "application/json";
      options.body = JSON.stringify(body);
    }
    const aborter = new AbortController();
    const timer = setTimeout(() => aborter.abort(), TIMEOUT);
    try {
      const response = await fetch(`${base}/widget/${path}`, { ...options, signal: aborter.signal });
      if (response.status == 401) session.lose(used);
      if (response.ok && !(response.headers.get("Content-Type") || "").includes("json")) {
        return await response.blob();
      }
      const answer = await response.json().catch(() => ({}));
      if (answer.error && answer.error.code == "blocked") session.block();
      if (!response.ok) throw new Refused(response.status, answer);
      return answer;
    } finally {
      clearTimeout(timer);
    }
  }

  /** By XMLHttpRequest: fetch does not say how much of a file is sent. */
  function upload(item, progress) {
    const used = session.token;
    const form = new FormData();
    form.append("client_id", item.id);
    form.append("text", item.text || "");
    form.append("url", item.page.url);
    form.append("title", item.page.title);
    form.append("group", item.group || "");
    form.append("file", item.file, item.file.name || "file");
    return new Promise((resolve, reject) => {
      const request = new XMLHttpRequest();
      request.open("POST", `${base}/widget/files`);
      request.setRequestHeader("Authorization", `Bearer ${used}`);
      request.responseType = "json";
      request.upload.onprogress = (event) => progress(event.loaded / event.total);
      request.onerror = request.onabort = () => reject(new Refused(0, {}));
      request.onload = () => {
        if (request.status == 401) session.lose(used);
        if (request.status >= 200 && request.status < 300) resolve(request.response);
        else reject(new Refused(request.status, request.response || {}));
      };
      request.send(form);
    });
  }

  return { get: (path) => ask("GET", path), post: (path, body) => ask("POST", path, body), upload };
}
