/** Asking the server: JSON in and out, CSRF, and the three ways in which it can end. */

/** The server said no: {status, code, message, fields}. Nothing was recorded. */
export class Refused extends Error {
  constructor(status, { code = "error", message = "", fields = {} } = {}) {
    super(message || `HTTP ${status}`);
    this.name = "Refused";
    Object.assign(this, { status, code, fields });
  }
}

/** No answer that tells what became of the request: no network, too slow, or a failing server. */
export class Unreachable extends Error {
  constructor(cause, status = null) {
    super("The server does not answer.", { cause });
    this.name = "Unreachable";
    this.status = status;
  }
}

/** `reached(yes)` is told after each request whether the server was there. */
export function api({ root, csrf, reached, timeout = 10_000, fetch = globalThis.fetch }) {
  const request = async (...asked) => (await exchange(...asked)).data;

  async function exchange(method, path, { body = null, query = {}, headers: more = {} } = {}) {
    const address = new URL(root + path, globalThis.location?.href);
    for (const [name, value] of Object.entries(query)) {
      if (value !== null && value !== "") address.searchParams.set(name, value);
    }
    const headers = { Accept: "application/json", ...more };
    if (body !== null) headers["Content-Type"] = "application/json";
    if (method !== "GET") headers["X-CSRFToken"] = csrf();
    const abort = new AbortController();
    const timer = setTimeout(() => abort.abort(), timeout);
    let response;
    let text;
    try {
      response = await fetch(address, { method, headers, body, signal: abort.signal, cache: "no-store" });
      text = await response.text();
    } catch (error) {
      reached(false);
      throw new Unreachable(error);
    } finally {
      clearTimeout(timer);
    }
    if (response.status === 304) {
      reached(true);
      return { data: null };
    }
    const data = parsed(text);
    // A proxy that gave up may answer 502 after the sale was recorded, a hotel's network answers
    // 200 with a page of its own, and who is asked to wait was not refused.
    if (response.status >= 500 || response.status === 429 || (response.ok && data === undefined)) {
      reached(false);
      throw new Unreachable(new Error(`HTTP ${response.status}`), response.status);
    }
    reached(true);
    if (!response.ok) throw new Refused(response.status, data);
    return { data, tag: response.headers.get("ETag") };
  }

  return {
    get: (path, query) => request("GET", path, { query }),
    /** {data, tag}; `data` is null where it is still what had this tag. */
    getTagged: (path, query, tag) =>
      exchange("GET", path, { query, headers: tag ? { "If-None-Match": tag } : {} }),
    post: (path, data, headers) => request("POST", path, { body: JSON.stringify(data), headers }),
    /** Like `post`, for a body that is kept as text. */
    postText: (path, body, headers) => request("POST", path, { body, headers }),
  };
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The token of the cookie, which signing in again in another tab renews; else the page's own. */
export function csrfToken(cookieName) {
  const found = document.cookie.split("; ").find((part) => part.startsWith(`${cookieName}=`));
  return found
    ? decodeURIComponent(found.slice(cookieName.length + 1))
    : (document.querySelector('meta[name="csrf-token"]')?.content ?? "");
}
